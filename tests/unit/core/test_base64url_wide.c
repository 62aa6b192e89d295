/* SPDX-License-Identifier: Apache-2.0 */
/* What the two forms of base64url touch, and what the wide one answers. What they compute is asked
 * in test_base64url.c, and what they wipe in test_door_faults.c. */
#include "core/base64url_wide.h"
#include "unit/crypto/backends.h"
#include <skeym/base64url.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 200 /* bytes: some blocks, and each size of what is left over */

/* Memory with a page behind it that nobody may touch. */
struct fenced {
    uint8_t *pages;
    size_t page;
};

static struct fenced fence(void)
{
    struct fenced f = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    f.pages = mmap(NULL, 2 * f.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f.pages != MAP_FAILED);
    assert_int_equal(mprotect(f.pages + f.page, f.page, PROT_NONE), 0);
    return f;
}

/* The last bytes before the fence. */
static uint8_t *before(const struct fenced *f, size_t size)
{
    assert_true(size <= f->page);
    return f->pages + (f->page - size);
}

static void take_down(struct fenced *f)
{
    assert_int_equal(munmap(f->pages, 2 * f->page), 0);
}

/* Reads nothing behind its input, and writes nothing behind its output: also in place. */
static void touches_nothing_behind_the_end(void **state)
{
    (void)state;
    struct fenced from = fence();
    struct fenced to = fence();
    struct fenced back = fence();
    for (size_t size = 0; size <= MOST; size++) {
        size_t chars = SKEYM_BASE64URL_CHARS(size);
        uint8_t *bytes = before(&from, size);
        uint8_t *text = before(&to, chars);
        uint8_t *again = before(&back, size);
        size_t got = 0;
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 59 + size);
        }
        struct skeym_writer writer = skeym_writer((struct skeym_room){text, chars});
        skeym_base64url_write(&writer, skeym_span(bytes, size));
        assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
        assert_int_equal(writer.size, chars);
        assert_int_equal(
            skeym_base64url_read((struct skeym_room){again, size}, &got, skeym_span(text, chars)),
            SKEYM_OK);
        assert_int_equal(got, size);
        assert_memory_equal(again, bytes, size);
        assert_int_equal(
            skeym_base64url_read((struct skeym_room){text, chars}, &got, skeym_span(text, chars)),
            SKEYM_OK);
        assert_memory_equal(text, bytes, size);
    }
    take_down(&from);
    take_down(&to);
    take_down(&back);
}

/* What was found bad before stays bad. */
static void adds_to_what_is_bad(void **state)
{
    (void)state;
    uint8_t out[3];
    uint64_t bad = 2;
    uint8_t left_over = 0;
    if (skeym_base64url_wide_decode(out, skeym_span_text("AQID"), &bad, &left_over)) {
        assert_int_equal(bad, 2);
        assert_memory_equal(out, "\1\2\3", sizeof out);
    } else {
        print_message("skipped: no wide form here\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touches_nothing_behind_the_end),
        cmocka_unit_test(adds_to_what_is_bad),
    };
    return run_on_each_backend(tests, sizeof tests / sizeof tests[0]);
}
