# Writes OUTPUT, a C++ source that holds the text of INPUT in pieces: compilers need not take a
# literal of its length.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 12000 piece)
  string(APPEND pieces "R\"qd_text(${piece})qd_text\",\n")
  math(EXPR at "${at} + 12000")
endwhile()
file(WRITE ${OUTPUT} "#include \"tables_json.h\"

namespace qd::workspace::internal {

const char* const kTablesJson[] = {
${pieces}nullptr};

}  // namespace qd::workspace::internal
")
