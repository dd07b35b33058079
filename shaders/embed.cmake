# Writes the words of a SPIR-V module as text that a C++ array can include.
file(READ "${SPIRV}" hex HEX)
string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1,\n" words "${hex}")
file(WRITE "${OUTPUT}" "${words}")
