# SPDX-License-Identifier: GPL-3.0-or-later
# What `cmake --install` puts where, and the Debian package (`cpack -G DEB` in the build folder). The programs find
# the library and their data relative to themselves, so that any prefix works.
set(data_dir ${CMAKE_INSTALL_DATADIR}/pikv-explorer)
install(TARGETS pikv_core pikv_program LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/pikv-explorer)
install(TARGETS pikv RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES resources/samples/smollm2-135m-256.safetensors resources/samples/sample-text.txt
    DESTINATION ${data_dir}/samples)
install(PROGRAMS resources/exporters/dump_hf.py resources/exporters/dump_mlx.py resources/exporters/dump_vllm.py
    packaging/fetch-model DESTINATION ${data_dir})
install(FILES packaging/desktop/pikv-explorer.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages)
install(FILES packaging/desktop/pikv.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES packaging/desktop/copyright README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/pikv-explorer)
if(TARGET pikv-explorer)
    install(TARGETS pikv-explorer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(TARGETS pikv_explorer_program LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/pikv-explorer)
    install(FILES packaging/desktop/pikv-explorer.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES packaging/desktop/pikv-explorer.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
    install(FILES packaging/desktop/org.pikv.Explorer.metainfo.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo)
    install(FILES resources/icons/pikv-explorer.svg
        DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps)
    install(FILES resources/icons/pikv-explorer.svg DESTINATION ${data_dir}/icons)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pikv-explorer)
set(CPACK_PACKAGE_CONTACT "The PiKV Explorer authors <maintainers@pikv-explorer.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "explore KV-cache compression on your own dumps")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Opens the key/value cache of a language model, compresses it by the methods you pick, and shows what each costs
and saves: the bytes it really stores against reconstruction error, attention error and the change of the next
token. Comes with a window (pikv-explorer) and a command line (pikv).")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
# Opened at run time, so that shlibdeps cannot see them; python3-pip is for fetch-model.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "qt6-qpa-plugins, libqt6svg6, libqt6sql6-sqlite")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-pip")
include(CPack)
