# muster_embed(<room> <function> <base folder> <glob>…): compiles text files into <room> as
#   namespace muster::embedded { std::span<const EmbeddedFile> <function>(); }
# with paths relative to <base folder>, sorted. See muster/base/embedded.hpp.
function(muster_embed room name folder)
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${patterns})
  list(SORT files)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/${room}_${name}.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAME=${name} -DBASE=${CMAKE_CURRENT_SOURCE_DIR}/${folder} "-DFILES=${files}"
            -P ${CMAKE_CURRENT_SOURCE_DIR}/src/build/embed_files.cmake
    DEPENDS ${files} ${CMAKE_CURRENT_SOURCE_DIR}/src/build/embed_files.cmake
    VERBATIM)
  target_sources(${room} PRIVATE ${out})
endfunction()
