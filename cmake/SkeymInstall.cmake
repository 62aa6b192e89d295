# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. Units for a service manager, and who runs them, are the
# package's (debian/).
include(GNUInstallDirs)

if(TARGET skeym)
  install(TARGETS skeym RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY include/skeym DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 FILES_MATCHING PATTERN "*.5")

# skeym_install_library(TARGET DESCRIPTION REQUIRES LIBS): the library, and NAME.pc for pkg-config.
# Its paths begin where it lies, so that an installed tree can be moved.
function(skeym_install_library target description requires libs)
  if(NOT TARGET ${target})
    return()
  endif()
  install(TARGETS ${target} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  get_target_property(name ${target} OUTPUT_NAME)
  set(folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH up /${folder} /)
  string(REGEX REPLACE "/$" "" up "${up}")
  string(CONCAT text
    "prefix=\${pcfiledir}/${up}\n"
    "libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}\n"
    "includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}\n\n"
    "Name: ${name}\n"
    "Description: ${description}\n"
    "Version: ${PROJECT_VERSION}\n"
    "Requires: ${requires}\n"
    "Libs: -L\${libdir} -l${name} ${libs}\n"
    "Cflags: -I\${includedir}\n")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc "${text}")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${folder})
endfunction()

set(aes)
if(SKEYM_HAS_IPSEC_MB AND SKEYM_HAS_NETTLE AND SKEYM_IPSEC_MB AND NOT SKEYM_SANITIZE MATCHES "memory")
  set(aes "-lIPSec_MB -lnettle")
endif()
skeym_install_library(libskeym "The SkeyM protocol, with cryptography by OpenSSL and libsodium"
                      "libcrypto libsodium" "${aes}")
skeym_install_library(libskeym-device "The SkeyM protocol for a device that brings its own cryptography"
                      "" "")
