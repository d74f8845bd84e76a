// parse and parse-where.
//
// simple and relaxed: the literals are looked for from left to right; what lies between two of them
// goes to the captures that stand there. Without a star in front the first literal must begin the
// text, without a star behind the last piece must end it. A capture that does not convert makes the
// whole row fail (simple) or only itself (relaxed). regex: the pattern becomes one RE2 expression,
// a text capture is (.*), a number's its own digits. Source: kql.md b.36.
#include "exec/rows.h"
#include "exec/runtime.h"
#include "exec/stream_sinks.h"
#include "regex_pattern.h"

#include <re2/re2.h>

namespace qd::kql {

using columns::Chunk;

namespace {

bool is_number(DataType type) {
    return type == DataType::Int || type == DataType::Long || type == DataType::Real ||
           type == DataType::Decimal;
}

std::size_t number_prefix(std::string_view text, DataType type) {
    std::size_t i = 0;
    const bool real = type == DataType::Real || type == DataType::Decimal;
    while (i < text.size()) {
        const char c = text[i];
        const bool digit = c >= '0' && c <= '9';
        const bool sign = (c == '-' || c == '+') && i == 0;
        const bool fraction = real && (c == '.' || c == 'e' || c == 'E');
        if (!digit && !sign && !fraction) {
            break;
        }
        ++i;
    }
    return i;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

using Captures = std::vector<std::string_view>;

/// Captures in pattern order; false when the literals are not there.
class LiteralPattern {
  public:
    explicit LiteralPattern(const std::vector<ParsePiece>& pieces) : pieces_(pieces) {}

    bool match(std::string_view text, Captures& out) const {
        out.clear();
        std::size_t at = 0;
        std::size_t first = 0;  // of the pieces that wait for their text
        for (std::size_t p = 0; p <= pieces_.size(); ++p) {
            const bool end = p == pieces_.size();
            if (!end && pieces_[p].kind != ParsePiece::Kind::Literal) {
                continue;
            }
            std::size_t found = text.size();
            if (!end) {
                found = first == p ? (text.substr(at).starts_with(pieces_[p].literal)
                                          ? at
                                          : std::string_view::npos)
                                   : text.find(pieces_[p].literal, at);
                if (found == std::string_view::npos) {
                    return false;
                }
            } else if (first == p) {
                return at == text.size();
            }
            give(text.substr(at, found - at), first, p, out);
            if (!end) {
                at = found + pieces_[p].literal.size();
                first = p + 1;
            }
        }
        return true;
    }

  private:
    void give(std::string_view text, std::size_t first, std::size_t last, Captures& out) const {
        for (std::size_t p = first; p < last; ++p) {
            if (pieces_[p].kind != ParsePiece::Kind::Column) {
                continue;
            }
            if (p + 1 == last || !is_number(pieces_[p].type)) {
                out.push_back(text);
                text = {};
            } else {
                const std::size_t size = number_prefix(text, pieces_[p].type);
                out.push_back(text.substr(0, size));
                text.remove_prefix(size);
            }
        }
    }

    const std::vector<ParsePiece>& pieces_;
};

std::string regex_of(const ParseOp& op) {
    std::string flags = "s";
    for (const char c : op.flags) {
        if (std::string_view("imsU").find(c) != std::string_view::npos &&
            flags.find(c) == std::string::npos) {
            flags += c;
        }
    }
    std::string out = "(?" + flags + ")^";
    for (const ParsePiece& piece : op.pieces) {
        switch (piece.kind) {
            case ParsePiece::Kind::Star:
                out += ".*";
                break;
            case ParsePiece::Kind::Literal:
                out += "(?:" + piece.literal + ")";
                break;
            case ParsePiece::Kind::Column:
                switch (piece.type) {
                    case DataType::Int:
                    case DataType::Long:
                        out += R"(([-+]?\d+))";
                        break;
                    case DataType::Real:
                    case DataType::Decimal:
                        out += R"(([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?))";
                        break;
                    case DataType::Bool:
                    case DataType::String:
                    case DataType::DateTime:
                    case DataType::TimeSpan:
                    case DataType::Guid:
                    case DataType::Dynamic:
                        out += "(.*)";
                        break;
                }
                break;
        }
    }
    return out + "$";
}

/// The groups that are captures: literals may hold groups of their own.
std::vector<int> capture_groups(const ParseOp& op) {
    std::vector<int> out;
    int next = 1;
    for (const ParsePiece& piece : op.pieces) {
        if (piece.kind == ParsePiece::Kind::Column) {
            out.push_back(next++);
        } else if (piece.kind == ParsePiece::Kind::Literal) {
            const RE2 own("(?:" + piece.literal + ")", RE2::Quiet);
            next += own.ok() ? own.NumberOfCapturingGroups() : 0;
        }
    }
    return out;
}

class ParseSink final : public Sink {
  public:
    ParseSink(Runtime& runtime, const ParseOp& op, Sink& next)
        : op_(op), next_(next), literal_(op.pieces), evaluators_(runtime, runtime.query().workers) {
        for (const ParsePiece& piece : op.pieces) {
            if (piece.kind == ParsePiece::Kind::Column) {
                captures_.push_back(&piece);
            }
        }
        if (op.mode == ParseOp::Mode::Regex) {
            regex_ = std::make_unique<RE2>(to_re2_pattern(regex_of(op)), RE2::Quiet);
            groups_ = capture_groups(op);
        }
    }
    bool parallel() const override { return next_.parallel(); }
    const RE2* regex() const { return regex_.get(); }

    Result<bool> push(std::size_t worker, Chunk chunk) override {
        QD_TRY(const ColumnPtr source, evaluators_.of(worker).evaluate(op_.source, chunk));
        const BytesRows texts(source);
        std::vector<columns::ColumnBuilder> builders;
        for (const ParsePiece* piece : captures_) {
            builders.emplace_back(piece->type, chunk.rows);
        }
        std::vector<std::uint32_t> kept;
        Captures captures;
        std::vector<Scalar> values(captures_.size());
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            const bool ok = parse_row(texts.value(row), captures, values);
            if (!ok && op_.drop_failed) {
                continue;
            }
            kept.push_back(row);
            for (std::size_t c = 0; c < values.size(); ++c) {
                if (ok) {
                    builders[c].append(values[c]);
                } else {
                    builders[c].append_null();
                }
            }
        }
        Chunk out = kept.size() == chunk.rows ? chunk : columns::gather(chunk, kept);
        out.columns.resize(op_.schema.size());
        for (std::size_t c = 0; c < builders.size(); ++c) {
            out.columns[captures_[c]->column] = builders[c].finish();
        }
        return next_.push(worker, std::move(out));
    }

  private:
    bool parse_row(std::string_view text, Captures& captures, std::vector<Scalar>& values) const {
        if (regex_) {
            if (!match_regex(text, captures)) {
                return false;
            }
        } else if (!literal_.match(text, captures)) {
            return false;
        }
        for (std::size_t c = 0; c < captures_.size(); ++c) {
            const DataType type = captures_[c]->type;
            if (type == DataType::String) {
                values[c] = Scalar::of_string(std::string(captures[c]));
                continue;
            }
            values[c] = cast_scalar(Scalar::of_string(std::string(trimmed(captures[c]))), type);
            if (values[c].is_null() && op_.mode != ParseOp::Mode::Relaxed) {
                return false;
            }
        }
        return true;
    }

    bool match_regex(std::string_view text, Captures& captures) const {
        std::vector<re2::StringPiece> found(
            static_cast<std::size_t>(regex_->NumberOfCapturingGroups()) + 1);
        if (!regex_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                           RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) {
            return false;
        }
        captures.clear();
        for (const int group : groups_) {
            const re2::StringPiece& piece = found[static_cast<std::size_t>(group)];
            captures.emplace_back(piece.data() == nullptr ? "" : piece.data(), piece.size());
        }
        return true;
    }

    const ParseOp& op_;
    Sink& next_;
    LiteralPattern literal_;
    WorkerEvaluators evaluators_;
    std::vector<const ParsePiece*> captures_;
    std::unique_ptr<RE2> regex_;
    std::vector<int> groups_;
};

}  // namespace

Result<bool> Runtime::parse(const ParseOp& op, Sink& sink) {
    ParseSink parser(*this, op, sink);
    if (parser.regex() != nullptr && !parser.regex()->ok()) {
        return Error(Code::InvalidArgument, "SEM0420",
                     "parse: the regular expression is ill-formed: " + parser.regex()->error());
    }
    return stream(*op.inputs[0], parser);
}

}  // namespace qd::kql
