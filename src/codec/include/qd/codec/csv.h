#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qd::codec {

/// Reads RFC 4180 records: quotes, doubled quotes, separators and line ends inside quotes, CRLF
/// or LF, optional UTF-8 byte order mark, last line with or without its end.
/// Errors: InvalidArgument COD0031 with the byte offset for a quote that never closes or text
/// behind a closing quote.
class CsvReader {
  public:
    explicit CsvReader(std::string_view text, char separator = ',');
    /// False at the end. `record` is overwritten. A field that was quoted has its flag set, so a
    /// caller can tell "" from nothing.
    struct Field {
        std::string text;
        bool quoted = false;
    };
    Result<bool> next(std::vector<Field>& record);
    std::uint64_t offset() const { return at_; }
    std::uint64_t line() const { return line_; }

  private:
    std::string_view text_;
    char separator_;
    std::uint64_t at_ = 0;
    std::uint64_t line_ = 1;
};

/// Quotes the field when it must be.
void append_csv_field(std::string& out, std::string_view field);

}  // namespace qd::codec
