# Makes a compiler's depfile speak of the file that the build asked for.
file(READ "${DEPFILE}" text)
string(REGEX REPLACE "^.*\\.spv[ ]*:" "${OUTPUT}:" text "${text}")
file(WRITE "${DEPFILE}" "${text}")
