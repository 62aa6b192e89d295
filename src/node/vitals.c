/* SPDX-License-Identifier: Apache-2.0 */
#include "node/vitals.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#define LOINC(code, display) {SKEYM_VITALS_LOINC, code, display}
#define MDC(code, display)   {SKEYM_VITALS_MDC, code, display}

const struct skeym_vital_code skeym_vitals_pressure_panel =
    LOINC("85354-9", "Blood pressure panel with all children optional");

#define SYSTOLIC  LOINC("8480-6", "Systolic blood pressure")
#define DIASTOLIC LOINC("8462-4", "Diastolic blood pressure")
#define MEAN      LOINC("8478-0", "Mean blood pressure")

/* The first code is the one of FHIR's vital signs profile, for which servers are searched; the
 * others are more exact. Ranges are what a monitor may show of a living patient, not what is
 * healthy: a reading outside of them is a fault of the sensor. */
static const struct skeym_vital vitals[] = {
    {"HR", "Heart rate",
     {LOINC("8867-4", "Heart rate"), MDC("147842", "MDC_ECG_HEART_RATE")},
     "beats/minute", "/min", 10, 350, SKEYM_VITAL_ALONE},
    {"PULSE", "Pulse rate",
     {LOINC("8867-4", "Heart rate"), LOINC("8889-8", "Heart rate by Pulse oximetry")},
     "beats/minute", "/min", 10, 350, SKEYM_VITAL_ALONE},
    {"RESP", "Respiratory rate",
     {LOINC("9279-1", "Respiratory rate"), MDC("151562", "MDC_RESP_RATE")},
     "breaths/minute", "/min", 1, 150, SKEYM_VITAL_ALONE},
    {"SpO2", "Oxygen saturation",
     {LOINC("2708-6", "Oxygen saturation in Arterial blood"),
      LOINC("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
      MDC("150456", "MDC_PULS_OXIM_SAT_O2")},
     "%", "%", 20, 100, SKEYM_VITAL_ALONE},
    {"Temp", "Body temperature",
     {LOINC("8310-5", "Body temperature")},
     "C", "Cel", 20, 45, SKEYM_VITAL_ALONE},
    {"ABPSys", "Arterial systolic blood pressure",
     {SYSTOLIC, LOINC("76215-3", "Invasive Systolic blood pressure")},
     "mmHg", "mm[Hg]", 20, 350, SKEYM_VITAL_ARTERIAL},
    {"ABPDias", "Arterial diastolic blood pressure",
     {DIASTOLIC, LOINC("76213-8", "Invasive Diastolic blood pressure")},
     "mmHg", "mm[Hg]", 5, 250, SKEYM_VITAL_ARTERIAL},
    {"ABPMean", "Arterial mean blood pressure",
     {MEAN, LOINC("76214-6", "Invasive Mean blood pressure")},
     "mmHg", "mm[Hg]", 10, 300, SKEYM_VITAL_ARTERIAL},
    {"NBPSys", "Cuff systolic blood pressure",
     {SYSTOLIC, LOINC("76534-7", "Systolic blood pressure by Noninvasive")},
     "mmHg", "mm[Hg]", 20, 350, SKEYM_VITAL_CUFF},
    {"NBPDias", "Cuff diastolic blood pressure",
     {DIASTOLIC, LOINC("76535-4", "Diastolic blood pressure by Noninvasive")},
     "mmHg", "mm[Hg]", 5, 250, SKEYM_VITAL_CUFF},
    {"NBPMean", "Cuff mean blood pressure",
     {MEAN, LOINC("76536-2", "Mean blood pressure by Noninvasive")},
     "mmHg", "mm[Hg]", 10, 300, SKEYM_VITAL_CUFF},
};

#define ECG(name, code, display) {name, "ECG " name, MDC(code, display), "mV", "mV"}

/* MLII and MCL leads are modified placements: they have no codes of their own, and the lead they
 * stand for is named. */
static const struct skeym_vital_wave waves[] = {
    ECG("I", "131329", "MDC_ECG_ELEC_POTL_I"),
    ECG("II", "131330", "MDC_ECG_ELEC_POTL_II"),
    ECG("III", "131389", "MDC_ECG_ELEC_POTL_III"),
    ECG("aVR", "131390", "MDC_ECG_ELEC_POTL_AVR"),
    ECG("aVL", "131391", "MDC_ECG_ELEC_POTL_AVL"),
    ECG("aVF", "131392", "MDC_ECG_ELEC_POTL_AVF"),
    ECG("V1", "131331", "MDC_ECG_ELEC_POTL_V1"),
    ECG("V2", "131332", "MDC_ECG_ELEC_POTL_V2"),
    ECG("V3", "131333", "MDC_ECG_ELEC_POTL_V3"),
    ECG("V4", "131334", "MDC_ECG_ELEC_POTL_V4"),
    ECG("V5", "131335", "MDC_ECG_ELEC_POTL_V5"),
    ECG("V6", "131336", "MDC_ECG_ELEC_POTL_V6"),
    ECG("V", "131395", "MDC_ECG_ELEC_POTL_V"),
    ECG("MLII", "131330", "MDC_ECG_ELEC_POTL_II"),
    ECG("MCL1", "131331", "MDC_ECG_ELEC_POTL_V1"),
    {"PLETH", "Plethysmogram", MDC("150452", "MDC_PULS_OXIM_PLETH"), "NU", NULL},
    {"RESP", "Respiration", MDC("151780", "MDC_IMPED_TTHOR"), "NU", NULL},
    {"ABP", "Arterial blood pressure", MDC("150036", "MDC_PRESS_BLD_ART_ABP"), "mmHg", "mm[Hg]"},
};

static const struct skeym_vital_wave any_ecg = ECG("ECG", "131328", "MDC_ECG_ELEC_POTL");

/* What WFDB headers call the table's units. */
static const struct unit_word {
    const char *unit;
    const char *word;
} unit_words[] = {
    {"beats/minute", "bpm"}, {"beats/minute", "/min"}, {"beats/minute", "pm"},
    {"breaths/minute", "pm"}, {"breaths/minute", "bpm"}, {"breaths/minute", "/min"},
    {"%", "%"},
    {"C", "degC"}, {"C", "Cel"}, {"C", "C"},
    {"mmHg", "mmHg"}, {"mmHg", "mm[Hg]"},
    {"mV", "mV"},
    {"NU", "NU"}, {"NU", "mV"}, {"NU", "V"}, {"NU", "pm"}, {"NU", "Ohm"},
};
/* clang-format on */

static bool has_unit(const char *unit, const char *word)
{
    for (size_t i = 0; i < sizeof unit_words / sizeof unit_words[0]; i++) {
        if (strcmp(unit_words[i].unit, unit) == 0 && strcmp(unit_words[i].word, word) == 0) {
            return true;
        }
    }
    return false;
}

const struct skeym_vital *skeym_vitals_at(size_t index)
{
    return index < sizeof vitals / sizeof vitals[0] ? &vitals[index] : NULL;
}

const struct skeym_vital_wave *skeym_vitals_wave_at(size_t index)
{
    return index < sizeof waves / sizeof waves[0] ? &waves[index] : NULL;
}

const struct skeym_vital *skeym_vitals_find(const char *name, const char *units)
{
    for (size_t i = 0; i < sizeof vitals / sizeof vitals[0]; i++) {
        if (strcmp(vitals[i].name, name) == 0) {
            return has_unit(vitals[i].unit, units) ? &vitals[i] : NULL;
        }
    }
    return NULL;
}

const struct skeym_vital_wave *skeym_vitals_find_wave(const char *name, const char *units)
{
    for (size_t i = 0; i < sizeof waves / sizeof waves[0]; i++) {
        if (strcmp(waves[i].name, name) == 0) {
            return has_unit(waves[i].unit, units) ? &waves[i] : NULL;
        }
    }
    return strcmp(units, "mV") == 0 ? &any_ecg : NULL;
}

enum skeym_vital_state skeym_vitals_state(const struct skeym_vital *vital, double value)
{
    if (value == 0 || isnan(value)) {
        return SKEYM_VITAL_DROPOUT;
    }
    return value >= vital->low && value <= vital->high ? SKEYM_VITAL_GOOD : SKEYM_VITAL_IMPLAUSIBLE;
}
