# SPDX-License-Identifier: Apache-2.0
# skeym_layer(NAME USES libs... [FREESTANDING] [FAST]): one layer is one folder of src/ and one library.
# Sources are found by folder, so a new file needs no line here; what a build leaves out is left
# out by file.
function(skeym_layer name)
  cmake_parse_arguments(ARG "FREESTANDING;FAST" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/${name}/*.c)
  if(NOT sources)
    add_library(skeym_${name} INTERFACE)
    target_link_libraries(skeym_${name} INTERFACE ${ARG_USES})
    return()
  endif()
  add_library(skeym_${name} STATIC ${sources})
  target_include_directories(skeym_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                                  ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(skeym_${name} PRIVATE skeym_flags PUBLIC ${ARG_USES})
  if(ARG_FREESTANDING)
    # Fortified calls would be symbols from outside; scripts/check-core-symbols lists what is left.
    # memcpy and memset of known sizes are still a move or two, not calls; no loop becomes a strlen.
    target_compile_options(skeym_${name} PRIVATE -ffreestanding -fbuiltin -U_FORTIFY_SOURCE
      $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
  else()
    target_compile_definitions(skeym_${name} PRIVATE _GNU_SOURCE)
  endif()
  # A request goes through some 300 small functions of these layers: in one piece they take a
  # quarter less time. Objects are usable without, too: for other linkers, and for nm.
  if(ARG_FAST AND CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_C_COMPILER_ID STREQUAL "GNU"
     AND SKEYM_LTO AND NOT SKEYM_SANITIZE AND NOT SKEYM_COVERAGE)
    target_compile_options(skeym_${name} PRIVATE -O3 -flto -ffat-lto-objects
                           ${SKEYM_MEMORY_FLAGS})
    target_link_options(skeym_${name} INTERFACE -flto=auto ${SKEYM_MEMORY_FLAGS})
  endif()
endfunction()

# skeym_library(LAYERS layers... USES libs...): build/libskeym.a, of all files of these layers.
function(skeym_library)
  cmake_parse_arguments(ARG "" "" "LAYERS;USES" ${ARGN})
  set(objects)
  foreach(layer ${ARG_LAYERS})
    get_target_property(type skeym_${layer} TYPE)
    if(type STREQUAL "STATIC_LIBRARY") # a layer without files has no objects
      list(APPEND objects $<TARGET_OBJECTS:skeym_${layer}>)
    endif()
  endforeach()
  if(objects)
    add_library(libskeym STATIC ${objects})
    set_target_properties(libskeym PROPERTIES OUTPUT_NAME skeym)
    target_link_libraries(libskeym PUBLIC ${ARG_USES})
    target_include_directories(libskeym PUBLIC include)
  endif()
endfunction()

# skeym_device_flags(TARGET): as small as it goes, and only what is used is linked.
function(skeym_device_flags target)
  target_compile_options(${target} PRIVATE -Os -ffunction-sections -fdata-sections -ffreestanding
    -fbuiltin -U_FORTIFY_SOURCE -fno-asynchronous-unwind-tables)
endfunction()

# skeym_device_library(): build/libskeym-device.a, the core alone for a device that brings its own
# crypto door. Link with --gc-sections. bench/device shows what it takes.
function(skeym_device_library)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/core/*.c)
  add_library(libskeym-device STATIC ${sources})
  set_target_properties(libskeym-device PROPERTIES OUTPUT_NAME skeym-device)
  target_link_libraries(libskeym-device PRIVATE skeym_flags)
  target_include_directories(libskeym-device PUBLIC include PRIVATE src)
  skeym_device_flags(libskeym-device)
endfunction()

# skeym_unit_tests(LAYER libs...): every tests/unit/LAYER/test_*.c is one cmocka program.
function(skeym_unit_tests layer)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${layer}/test_*.c)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    set(target ${layer}_${name})
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE skeym_flags skeym_${layer} PkgConfig::CMOCKA ${ARGN})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                                                 ${PROJECT_SOURCE_DIR}/src)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE
      SKEYM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${layer}/${name} COMMAND ${target})
    set_tests_properties(${layer}/${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
  endforeach()
endfunction()
