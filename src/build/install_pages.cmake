# Man pages and completions are written by the binary itself, from the tables that its help is made of, so that they cannot
# disagree with it: `muster help --pages DIR` writes man1/muster.1, man1/muster-<verb>.1, completions/muster.bash,
# completions/_muster and completions/muster.fish.
if(NOT CMAKE_CROSSCOMPILING)
  set(pages ${CMAKE_CURRENT_BINARY_DIR}/pages)
  install(CODE "
    file(REMOVE_RECURSE \"${pages}\")
    execute_process(COMMAND \"$<TARGET_FILE:muster>\" help --pages \"${pages}\" RESULT_VARIABLE result ERROR_VARIABLE text)
    if(NOT result EQUAL 0)
      message(FATAL_ERROR \"muster could not write its man pages and completions: \${text}\")
    endif()")
  install(DIRECTORY ${pages}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} FILES_MATCHING PATTERN *.1)
  install(FILES ${pages}/completions/muster.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME muster)
  install(FILES ${pages}/completions/_muster DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${pages}/completions/muster.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
