# SPDX-License-Identifier: Apache-2.0
# One place for the language level, the warnings, the hardening and the sanitizers.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(SKEYM_SANITIZE "" CACHE STRING "Comma separated sanitizers: address,undefined | thread | memory")
option(SKEYM_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(SKEYM_COVERAGE "Instrument for coverage" OFF)
option(SKEYM_LTO "In a release, build the layers of a request in one piece" ON)

add_library(skeym_flags INTERFACE)
target_compile_options(skeym_flags INTERFACE
  -Wall -Wextra -Werror -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef
  -Wimplicit-fallthrough
  # Numbers with names are enums here, also beside floating point; vectors never leave a file.
  -Wno-enum-float-conversion -Wno-psabi -fno-common -fvisibility=hidden
  -fstack-protector-strong -fstack-clash-protection)
include(CheckCCompilerFlag)
check_c_compiler_flag(-fcf-protection=full SKEYM_HAS_CF_PROTECTION) # x86 only
if(SKEYM_HAS_CF_PROTECTION)
  target_compile_options(skeym_flags INTERFACE -fcf-protection=full)
endif()
# The layers of a request wipe some hundred bytes at a time: stores, not rep stos, whose
# start takes longer than the work (gcc on x86). SkeymLayers.cmake uses it.
set(strategy vector_loop:512:noalign,libcall:-1:noalign)
check_c_compiler_flag(-mmemset-strategy=${strategy} SKEYM_HAS_MEMSET_STRATEGY)
if(SKEYM_HAS_MEMSET_STRATEGY)
  set(SKEYM_MEMORY_FLAGS -mmemset-strategy=${strategy})
endif()
# What is tested is what runs: asserts stay in, and a core dump can be read.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
if(NOT SKEYM_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(skeym_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(skeym_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(SKEYM_SANITIZE)
  target_compile_options(skeym_flags INTERFACE -fsanitize=${SKEYM_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(skeym_flags INTERFACE -fsanitize=${SKEYM_SANITIZE})
endif()
if(SKEYM_FUZZ)
  target_compile_options(skeym_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SKEYM_COVERAGE)
  target_compile_options(skeym_flags INTERFACE --coverage -fprofile-update=atomic -O0 -g)
  target_link_options(skeym_flags INTERFACE --coverage -fprofile-update=atomic)
endif()
