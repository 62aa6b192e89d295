/* SPDX-License-Identifier: Apache-2.0 */
#include "node/observation_bundle.h"

#include "node/observation.h"

static void write_entry(struct skeym_writer *writer, const struct skeym_observation_entry *entry)
{
    skeym_write_text(writer, "{\"resource\":");
    skeym_write_span(writer, entry->json);
    skeym_write_text(writer, ",\"request\":{\"method\":\"POST\",\"url\":\"Observation\","
                             "\"ifNoneExist\":\"identifier=" SKEYM_OBSERVATION_SYSTEM "|");
    skeym_write_text(writer, entry->id);
    skeym_write_text(writer, "\"}}");
}

enum skeym_error skeym_observation_bundle(struct skeym_room out, size_t *size, bool transaction,
                                          const struct skeym_observation_entry *entries,
                                          size_t count)
{
    struct skeym_writer writer = skeym_writer(out);

    *size = 0;
    if (count == 0) {
        return SKEYM_ERR_USAGE;
    }
    skeym_write_text(&writer, "{\"resourceType\":\"Bundle\",\"type\":");
    skeym_write_text(&writer, transaction ? "\"transaction\"" : "\"batch\"");
    skeym_write_text(&writer, ",\"entry\":[");
    for (size_t i = 0; i < count; i++) {
        if (!skeym_observation_is_id(entries[i].id)) {
            return SKEYM_ERR_CHARSET;
        }
        skeym_write_text(&writer, i > 0 ? "," : "");
        write_entry(&writer, &entries[i]);
    }
    skeym_write_text(&writer, "]}");
    enum skeym_error error = skeym_writer_end(&writer);
    if (error == SKEYM_OK) {
        *size = skeym_written(&writer).size;
    }
    return error;
}
