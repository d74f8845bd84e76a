// parse-kv: values of named keys out of a text.
//
// With delimiters written, the text is read pair by pair: a key is what stands before the key-value
// delimiter (blanks around it are dropped, it may be quoted), its value goes to the next pair
// delimiter, or with greedy to the last one before the next key. Without delimiters every character
// that is not alphanumeric parts words, and the word behind a key is its value. The first
// occurrence of a key wins. Source: kql.md b.36.
#include "exec/rows.h"
#include "exec/runtime.h"
#include "exec/stream_sinks.h"

namespace qd::kql {

using columns::Chunk;

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

class PairReader {
  public:
    PairReader(const ParseKvOp& op, std::string_view text) : op_(op), text_(text) {}

    /// The value of each key of op.keys, nothing where it is missing.
    std::vector<std::optional<std::string>> read() {
        found_.assign(op_.keys.size(), std::nullopt);
        if (op_.pair_delimiter.empty() && op_.kv_delimiter.empty()) {
            read_words();
        } else {
            read_pairs();
        }
        return std::move(found_);
    }

  private:
    void keep(std::string_view key, std::string value) {
        for (std::size_t k = 0; k < op_.keys.size(); ++k) {
            if (op_.keys[k].key == key && !found_[k]) {
                found_[k] = std::move(value);
            }
        }
    }

    /// A quoted text at `at`, which is moved behind it.
    std::optional<std::string> quoted(std::size_t& at) const {
        for (const auto& [open, close] : op_.quotes) {
            if (open.empty() || !text_.substr(at).starts_with(open)) {
                continue;
            }
            std::string out;
            std::size_t p = at + open.size();
            while (p < text_.size()) {
                const std::string_view rest = text_.substr(p);
                if (!op_.escape.empty() && rest.starts_with(op_.escape) &&
                    p + op_.escape.size() < text_.size()) {
                    out += text_[p + op_.escape.size()];
                    p += op_.escape.size() + 1;
                } else if (rest.starts_with(close)) {
                    at = p + close.size();
                    return out;
                } else {
                    out += text_[p++];
                }
            }
        }
        return std::nullopt;
    }

    void skip_blanks(std::size_t& at) const {
        while (at < text_.size() && is_blank(text_[at])) {
            ++at;
        }
    }

    void read_pairs() {
        const std::string& pair = op_.pair_delimiter;
        const std::string& kv = op_.kv_delimiter;
        std::size_t at = 0;
        while (at < text_.size()) {
            skip_blanks(at);
            if (!pair.empty() && text_.substr(at).starts_with(pair)) {
                at += pair.size();
                continue;
            }
            std::string key;
            if (auto name = quoted(at)) {
                key = std::move(*name);
            } else {
                const std::size_t begin = at;
                while (at < text_.size() && !text_.substr(at).starts_with(kv) &&
                       (pair.empty() || !text_.substr(at).starts_with(pair))) {
                    ++at;
                }
                key = std::string(trim_blanks(text_.substr(begin, at - begin)));
            }
            // Blanks may stand before the delimiter, even when a blank parts pairs.
            std::size_t after = at;
            skip_blanks(after);
            if (!text_.substr(after).starts_with(kv)) {
                if (after >= text_.size()) {
                    return;
                }
                at = after == at ? at + std::max<std::size_t>(pair.size(), 1) : after;
                continue;
            }
            at = after + kv.size();
            keep(key, read_value(at));
        }
    }

    std::string read_value(std::size_t& at) const {
        const std::string& pair = op_.pair_delimiter;
        std::size_t start = at;
        skip_blanks(start);
        std::size_t behind = start;
        if (auto value = quoted(behind)) {
            at = behind;
            return std::move(*value);
        }
        std::size_t end = text_.size();
        if (op_.greedy) {
            const std::size_t next_kv = text_.find(op_.kv_delimiter, start);
            if (next_kv != std::string_view::npos && !pair.empty()) {
                const std::size_t last = text_.substr(0, next_kv).rfind(pair);
                end = last == std::string_view::npos || last < start ? text_.size() : last;
            }
        } else if (!pair.empty()) {
            end = std::min(text_.find(pair, start), text_.size());
        }
        at = std::min(end + pair.size(), text_.size());
        return std::string(trim_blanks(text_.substr(start, end - start)));
    }

    void read_words() {
        for (std::size_t k = 0; k < op_.keys.size(); ++k) {
            const std::string& key = op_.keys[k].key;
            std::size_t at = text_.find(key);
            while (at != std::string_view::npos && !found_[k]) {
                std::size_t p = at + key.size();
                const bool bordered =
                    (at == 0 || !is_word(text_[at - 1])) && p < text_.size() && !is_word(text_[p]);
                if (bordered) {
                    while (p < text_.size() && !is_word(text_[p])) {
                        std::size_t behind = p;
                        if (auto value = quoted(behind)) {
                            found_[k] = std::move(*value);
                            break;
                        }
                        ++p;
                    }
                    if (!found_[k]) {
                        std::size_t end = p;
                        while (end < text_.size() && is_word(text_[end])) {
                            ++end;
                        }
                        found_[k] = std::string(text_.substr(p, end - p));
                    }
                }
                at = text_.find(key, at + 1);
            }
        }
    }

    const ParseKvOp& op_;
    std::string_view text_;
    std::vector<std::optional<std::string>> found_;
};

class ParseKvSink final : public Sink {
  public:
    ParseKvSink(Runtime& runtime, const ParseKvOp& op, Sink& next)
        : op_(op), next_(next), evaluators_(runtime, runtime.query().workers) {}
    bool parallel() const override { return next_.parallel(); }
    Result<bool> push(std::size_t worker, Chunk chunk) override {
        QD_TRY(const ColumnPtr source, evaluators_.of(worker).evaluate(op_.source, chunk));
        const BytesRows texts(source);
        std::vector<columns::ColumnBuilder> builders;
        for (const ParseKvOp::Key& key : op_.keys) {
            builders.emplace_back(key.type, chunk.rows);
        }
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            const auto values = PairReader(op_, texts.value(row)).read();
            for (std::size_t k = 0; k < values.size(); ++k) {
                if (values[k]) {
                    builders[k].append(
                        cast_scalar(Scalar::of_string(*values[k]), op_.keys[k].type));
                } else {
                    builders[k].append_null();
                }
            }
        }
        chunk.columns.resize(op_.schema.size());
        for (std::size_t k = 0; k < builders.size(); ++k) {
            chunk.columns[op_.keys[k].column] = builders[k].finish();
        }
        return next_.push(worker, std::move(chunk));
    }

  private:
    const ParseKvOp& op_;
    Sink& next_;
    WorkerEvaluators evaluators_;
};

}  // namespace

Result<bool> Runtime::parse_kv(const ParseKvOp& op, Sink& sink) {
    ParseKvSink parser(*this, op, sink);
    return stream(*op.inputs[0], parser);
}

}  // namespace qd::kql
