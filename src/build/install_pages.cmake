# The manual page and the completions are written by the binary itself, from the table that its help is made of, so that they
# cannot disagree with it: the hidden verb `muster reference man|bash|zsh|fish`.
function(muster_install_page kind file folder)
  set(page ${CMAKE_CURRENT_BINARY_DIR}/pages/${file})
  install(CODE "
    file(MAKE_DIRECTORY \"${CMAKE_CURRENT_BINARY_DIR}/pages\")
    execute_process(COMMAND \"$<TARGET_FILE:muster>\" reference ${kind} OUTPUT_FILE \"${page}\" RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
      message(FATAL_ERROR \"muster reference ${kind} failed: \${result}\")
    endif()")
  install(FILES ${page} DESTINATION ${folder})
endfunction()

if(NOT CMAKE_CROSSCOMPILING)
  muster_install_page(man muster.1 ${CMAKE_INSTALL_MANDIR}/man1)
  muster_install_page(bash muster ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  muster_install_page(zsh _muster ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  muster_install_page(fish muster.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
