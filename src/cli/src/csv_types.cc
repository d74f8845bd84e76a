#include "csv_types.h"

#include <charconv>

namespace qd::cli {

namespace {

bool same_word(const std::string& cell, std::string_view word) {
    if (cell.size() != word.size()) {
        return false;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
        if ((cell[i] | 0x20) != word[i]) {
            return false;
        }
    }
    return true;
}

template <typename Number>
bool reads_as(const std::string& cell, Number& out) {
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
    return error == std::errc() && end == cell.data() + cell.size();
}

/// "0", "-12", "0.5": no leading zero that a number would lose.
bool is_json_number(const std::string& cell) {
    const std::size_t digits = cell.starts_with('-') ? 1 : 0;
    const auto digit = [&](std::size_t at) {
        return at < cell.size() && cell[at] >= '0' && cell[at] <= '9';
    };
    return digit(digits) && !(cell[digits] == '0' && digit(digits + 1));
}

}  // namespace

CsvTypes::Kind CsvTypes::kind_of(const std::string& cell) {
    if (same_word(cell, "true") || same_word(cell, "false")) {
        return Kind::Bool;
    }
    std::int64_t whole = 0;
    double real = 0;
    if (!is_json_number(cell)) {
        return Kind::Text;
    }
    return reads_as(cell, whole) ? Kind::Long : reads_as(cell, real) ? Kind::Real : Kind::Text;
}

void CsvTypes::see(const std::vector<codec::CsvReader::Field>& record) {
    for (std::size_t i = 0; i < kinds_.size() && i < record.size(); ++i) {
        if (record[i].text.empty() || kinds_[i] == Kind::Text) {
            continue;
        }
        const Kind kind = kind_of(record[i].text);
        const bool numbers = (kind == Kind::Long || kind == Kind::Real) &&
                             (kinds_[i] == Kind::Long || kinds_[i] == Kind::Real);
        if (kinds_[i] == Kind::Unseen || kinds_[i] == kind) {
            kinds_[i] = kind;
        } else {
            kinds_[i] = numbers ? Kind::Real : Kind::Text;
        }
    }
}

Value CsvTypes::value(std::size_t column, std::string cell) const {
    std::int64_t whole = 0;
    double real = 0;
    switch (kinds_[column]) {
        case Kind::Bool:
            return Value(same_word(cell, "true"));
        case Kind::Long:
            return reads_as(cell, whole) ? Value(whole) : Value(std::move(cell));
        case Kind::Real:
            return reads_as(cell, real) ? Value(real) : Value(std::move(cell));
        case Kind::Unseen:
        case Kind::Text:
            break;
    }
    return Value(std::move(cell));
}

}  // namespace qd::cli
