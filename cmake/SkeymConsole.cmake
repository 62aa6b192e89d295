# SPDX-License-Identifier: Apache-2.0
# skeym_console(TARGET): compiles the files of console/ into TARGET as the table of
# src/server/console.h. Run as a script (cmake -P), this file writes that table; nothing but CMake
# is needed for it.
if(CMAKE_SCRIPT_MODE_FILE)
  string(REPLACE "|" ";" FILES "${FILES}")
  set(rows "")
  set(arrays "")
  set(n 0)
  foreach(name ${FILES})
    file(READ ${ROOT}/${name} bytes HEX)
    file(SHA256 ${ROOT}/${name} hash)
    file(SIZE ${ROOT}/${name} size)
    string(SUBSTRING ${hash} 0 32 hash)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const uint8_t file_${n}[] = {${bytes}0};\n") # no array is empty
    string(APPEND rows "    {\"${name}\", \"\\\"${hash}\\\"\", file_${n}, ${size}},\n")
    math(EXPR n "${n} + 1")
  endforeach()
  file(WRITE ${OUT} "/* Made by cmake/SkeymConsole.cmake from console/. */\n"
    "#include \"server/console.h\"\n\n${arrays}\n"
    "const struct skeym_console_file skeym_console_files[] = {\n${rows}"
    "    {NULL, NULL, NULL, 0},\n};\n")
  return()
endif()

# What is served: the types that console.c knows, at the top and in these folders; tests and the
# settings of tools stay out.
function(skeym_console target)
  set(root ${PROJECT_SOURCE_DIR}/console)
  set(out ${CMAKE_BINARY_DIR}/console_files.c)
  set(patterns)
  set(deep)
  foreach(type html css js svg png ico json webmanifest woff2)
    list(APPEND patterns ${root}/*.${type})
    foreach(folder css js img fonts)
      list(APPEND deep ${root}/${folder}/*.${type})
    endforeach()
  endforeach()
  file(GLOB top CONFIGURE_DEPENDS RELATIVE ${root} ${patterns})
  file(GLOB_RECURSE below CONFIGURE_DEPENDS RELATIVE ${root} ${deep})
  set(names ${top} ${below})
  list(FILTER names EXCLUDE REGEX "^(package|package-lock|jsconfig|tsconfig)\\.json$")
  list(SORT names)
  list(TRANSFORM names PREPEND ${root}/ OUTPUT_VARIABLE paths)
  list(JOIN names "|" joined)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DROOT=${root} -DOUT=${out} "-DFILES=${joined}" -P
            ${PROJECT_SOURCE_DIR}/cmake/SkeymConsole.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/SkeymConsole.cmake
    COMMENT "Embedding console/" VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
