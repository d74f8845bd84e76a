#include "qd/codec/csv.h"

namespace qd::codec {

CsvReader::CsvReader(std::string_view text, char separator) : text_(text), separator_(separator) {
    if (text_.starts_with("\xEF\xBB\xBF")) {
        at_ = 3;
    }
}

Result<bool> CsvReader::next(std::vector<Field>& record) {
    record.clear();
    if (at_ >= text_.size()) {
        return false;
    }
    const auto fail = [&](std::string_view what) {
        return Error(Code::InvalidArgument, "COD0031",
                     "malformed CSV: " + std::string(what) + " at line " + std::to_string(line_) +
                         ", offset " + std::to_string(at_))
            .with_span({.offset = static_cast<std::uint32_t>(at_), .length = 1});
    };
    const std::uint64_t first_line = line_;
    while (true) {
        Field field;
        if (at_ < text_.size() && text_[at_] == '"') {
            field.quoted = true;
            ++at_;
            while (true) {
                const std::size_t quote = text_.find('"', at_);
                if (quote == std::string_view::npos) {
                    line_ = first_line;
                    return fail("quote never closes");
                }
                const std::string_view part = text_.substr(at_, quote - at_);
                for (const char c : part) {
                    line_ += c == '\n' ? 1 : 0;
                }
                field.text += part;
                at_ = quote + 1;
                if (at_ < text_.size() && text_[at_] == '"') {
                    field.text += '"';
                    ++at_;
                } else {
                    break;
                }
            }
        } else {
            const std::size_t begin = at_;
            while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
                   text_[at_] != '\r') {
                ++at_;
            }
            field.text = text_.substr(begin, at_ - begin);
        }
        record.push_back(std::move(field));
        if (at_ >= text_.size()) {
            return true;
        }
        if (text_[at_] == separator_) {
            ++at_;
            if (at_ >= text_.size()) {  // a separator as the last byte: one more empty field
                record.emplace_back();
                return true;
            }
            continue;
        }
        if (text_[at_] == '\r') {
            ++at_;
            if (at_ < text_.size() && text_[at_] == '\n') {
                ++at_;
            }
            ++line_;
            return true;
        }
        if (text_[at_] == '\n') {
            ++at_;
            ++line_;
            return true;
        }
        return fail("text behind a closing quote");
    }
}

void append_csv_field(std::string& out, std::string_view field) {
    // A leading byte order mark would be taken for the file's own if the field came first.
    if (field.find_first_of(",\"\r\n") == std::string_view::npos &&
        !field.starts_with("\xEF\xBB\xBF")) {
        out += field;
        return;
    }
    out += '"';
    for (const char c : field) {
        if (c == '"') {
            out += '"';
        }
        out += c;
    }
    out += '"';
}

}  // namespace qd::codec
