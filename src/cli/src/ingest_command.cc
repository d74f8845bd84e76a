// qd ingest: files to rows through the server's own front door, in batches that fit its limit. Rows
// the server refuses come back with their index and reason and go, as they were written, into the
// rejected-rows file, so they can be mended and sent again.
#include "csv_types.h"
#include "portal_export.h"
#include "progress.h"
#include "qd/base/files.h"
#include "qd/cli/commands.h"
#include "qd/codec/compress.h"
#include "qd/codec/csv.h"
#include "qd/codec/json.h"
#include "server_client.h"

#include <cstdio>
#include <deque>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>

namespace qd::cli {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{4} << 30;

bool ends_with(std::string_view text, std::string_view suffix) {
    return text.ends_with(suffix);
}

/// The n-th line that is not blank, as the server counts them.
std::string_view line_of(std::string_view body, std::size_t index) {
    while (!body.empty()) {
        const std::size_t end = body.find('\n');
        const std::string_view line = body.substr(0, end);
        body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
        if (line.find_first_not_of(" \t\r") != std::string_view::npos && index-- == 0) {
            return line;
        }
    }
    return {};
}

/// On the machine itself packing costs more than it saves.
bool is_near(std::string_view server) {
    const std::size_t host = server.find("://");
    server.remove_prefix(host == std::string_view::npos ? 0 : host + 3);
    return server.starts_with("127.") || server.starts_with("localhost") ||
           server.starts_with("[::1]");
}

/// Sends bodies of lines, two at a time, so that one is read while the other is made durable. The
/// first goes alone: it may make the table.
class Sender {
  public:
    Sender(ServerClient& client, const IngestCommand& command, bool packed, Progress& progress)
        : client_(client), command_(command), packed_(packed), progress_(progress) {}

    Status add(std::string_view line) {
        if (line.empty()) {
            return ok_status();
        }
        body_ += line;
        body_ += '\n';
        return body_.size() >= command_.batch_bytes ? flush() : ok_status();
    }

    /// Whole lines.
    Status add_lines(std::string_view lines) {
        while (!lines.empty()) {
            std::string_view part = lines;
            if (part.size() > command_.batch_bytes) {
                std::size_t end = part.rfind('\n', command_.batch_bytes);
                end = end == std::string_view::npos ? part.find('\n') : end;
                part = part.substr(0, end == std::string_view::npos ? part.size() : end + 1);
            }
            lines.remove_prefix(part.size());
            body_ += part;
            QD_CHECK_OK(flush());
        }
        return ok_status();
    }

    Status flush() {
        if (body_.empty()) {
            return ok_status();
        }
        if (flights_.size() >= kFlightsMax) {
            QD_CHECK_OK(land());
        }
        auto body = std::make_shared<const std::string>(std::move(body_));
        body_ = {};
        flights_.push_back({body, std::async(std::launch::async, [this, body] {
                                return client_.post_patiently(
                                    path(), packed_ ? codec::gzip(*body, 1) : *body,
                                    "application/x-ndjson", packed_, kPatienceMs);
                            })});
        return sent_ == 0 ? land() : ok_status();
    }

    Status close() {
        Status status = flush();
        while (!flights_.empty()) {
            Status landed = land();
            status = status.ok() ? std::move(landed) : std::move(status);
        }
        if (rejected_file_ != nullptr) {
            std::fclose(rejected_file_);
            rejected_file_ = nullptr;
        }
        return status;
    }

    std::uint64_t rows() const { return rows_; }
    std::uint64_t rejected() const { return rejected_; }
    const std::string& rejected_path() const { return rejected_path_; }

  private:
    static constexpr std::size_t kFlightsMax = 2;
    /// A server that seals more slowly than rows come refuses some requests for a while.
    static constexpr std::int64_t kPatienceMs = 300'000;

    struct Flight {
        std::shared_ptr<const std::string> body;
        std::future<Result<ServerClient::Answer>> answer;
    };

    std::string path() const {
        return !command_.records            ? "/api/v1/tables/" + command_.table + "/rows"
               : command_.resource_specific ? "/api/v1/records?tables=resource-specific"
                                            : "/api/v1/records";
    }

    /// Waits for the oldest request.
    Status land() {
        Flight flight = std::move(flights_.front());
        flights_.pop_front();
        QD_TRY(const ServerClient::Answer answer, flight.answer.get());
        const Value* accepted = answer.body.get("accepted");
        if (accepted == nullptr) {
            return Error(Code::Unavailable, "CLI0010", error_text(answer.body, answer.status));
        }
        rows_ += static_cast<std::uint64_t>(accepted->int_or(0));
        QD_CHECK_OK(keep_rejected(answer.body, *flight.body));
        sent_ += flight.body->size();
        progress_.update(sent_, rows_);
        return ok_status();
    }

    Status keep_rejected(const Value& answer, std::string_view sent) {
        const Value* errors = answer.get("errors");
        if (errors == nullptr || errors->if_array() == nullptr) {
            return ok_status();
        }
        const Value* count = answer.get("rejected");
        rejected_ += static_cast<std::uint64_t>(count == nullptr ? 0 : count->int_or(0));
        for (const Value& one : *errors->if_array()) {
            if (rejected_file_ == nullptr) {
                rejected_path_ = !command_.rejected_file.empty()
                                     ? command_.rejected_file
                                     : (command_.files.front() == "-" ? std::string("stdin")
                                                                      : command_.files.front()) +
                                           ".rejected.ndjson";
                rejected_file_ = std::fopen(rejected_path_.c_str(), "w");
                if (rejected_file_ == nullptr) {
                    return Error(Code::Internal, "CLI0011",
                                 "the rejected-rows file cannot be written: " + rejected_path_);
                }
            }
            const Value* index = one.get("index");
            const Value* message = one.get("message");
            const auto at = static_cast<std::size_t>(index == nullptr ? 0 : index->int_or(0));
            const std::string_view line = line_of(sent, at);
            Object kept;
            kept.set("reason", message == nullptr ? Value("") : *message);
            kept.set("row", line.empty() ? Value() : Value(line));
            std::fprintf(rejected_file_, "%s\n", codec::to_json(Value(std::move(kept))).c_str());
        }
        return ok_status();
    }

    ServerClient& client_;
    const IngestCommand& command_;
    bool packed_;
    Progress& progress_;
    std::string body_;
    std::deque<Flight> flights_;
    std::uint64_t rows_ = 0;
    std::uint64_t rejected_ = 0;
    std::uint64_t sent_ = 0;
    std::FILE* rejected_file_ = nullptr;
    std::string rejected_path_;
};

/// Whether the reader's one-byte separator can stand for the file's: a longer one is replaced by a
/// control character that the text must not hold.
constexpr char kUnitSeparator = '\x1f';

Result<std::string> with_short_separator(std::string_view text, std::string_view separator) {
    if (separator.empty() || text.find(kUnitSeparator) != std::string_view::npos) {
        return Error(Code::InvalidArgument, "CLI0012",
                     "the separator cannot be used with this file: " + std::string(separator));
    }
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t at = text.find(separator);
        out += text.substr(0, at);
        if (at == std::string_view::npos) {
            break;
        }
        out += kUnitSeparator;
        text.remove_prefix(at + separator.size());
    }
    return out;
}

Status send_csv(Sender& sender, std::string_view text, const IngestCommand& command) {
    std::string rewritten;
    char separator = command.separator.empty() ? ',' : command.separator[0];
    if (command.separator.size() > 1) {
        QD_TRY(rewritten, with_short_separator(text, command.separator));
        text = rewritten;
        separator = kUnitSeparator;
    }
    codec::CsvReader reader(text, separator);
    std::vector<codec::CsvReader::Field> record;
    QD_TRY(const bool any, reader.next(record));
    if (!any) {
        return ok_status();
    }
    std::vector<std::string> names;
    for (codec::CsvReader::Field& field : record) {
        names.push_back(std::move(field.text));
    }
    const std::vector<std::string> columns = export_columns(names);
    // A built-in table's schema says what a cell is; a custom table's is inferred from what comes,
    // so there the text of a whole column decides.
    CsvTypes types(columns.size());
    if (command.table.ends_with("_CL")) {
        codec::CsvReader first_pass = reader;
        while (true) {
            QD_TRY(const bool more, first_pass.next(record));
            if (!more) {
                break;
            }
            types.see(record);
        }
    }
    while (true) {
        QD_TRY(const bool more, reader.next(record));
        if (!more) {
            return ok_status();
        }
        Object row;
        for (std::size_t i = 0; i < columns.size() && i < record.size(); ++i) {
            if (record[i].text.empty()) {
                continue;
            }
            if (auto time = export_time(record[i].text)) {
                row.set(columns[i], Value(std::move(*time)));
            } else {
                row.set(columns[i], types.value(i, std::move(record[i].text)));
            }
        }
        QD_CHECK_OK(sender.add(codec::to_json(Value(std::move(row)))));
    }
}

Status send_json(Sender& sender, std::string_view text, bool records) {
    if (auto whole = codec::parse_json(text); whole.ok() && whole.value().if_array() != nullptr) {
        for (const Value& one : *whole.value().if_array()) {
            QD_CHECK_OK(sender.add(codec::to_json(one)));
        }
        return ok_status();
    } else if (whole.ok() && records) {
        return sender.add(codec::to_json(whole.value()));
    }
    return sender.add_lines(text);
}

/// The text of a file or of standard input, decompressed.
struct FileText {
    std::shared_ptr<const MappedFile> mapped;  // a plain file is read as it is sent
    std::string bytes;
    std::string_view text() const { return mapped ? mapped->bytes() : std::string_view(bytes); }
};

Result<FileText> file_text(const std::string& path) {
    FileText out;
    if (path == "-") {
        out.bytes = std::string(std::istreambuf_iterator<char>(std::cin), {});
        return out;
    }
    RealFiles files;
    QD_TRY(out.mapped, files.map(path));
    if (ends_with(path, ".gz")) {
        QD_TRY(out.bytes, codec::gunzip(out.mapped->bytes(), kFileBytesMax));
        out.mapped = nullptr;
    }
    return out;
}

Status send_file(Sender& sender, const std::string& path, const IngestCommand& command) {
    QD_TRY(const FileText file, file_text(path));
    const std::string name = ends_with(path, ".gz") ? path.substr(0, path.size() - 3) : path;
    return ends_with(name, ".csv") ? send_csv(sender, file.text(), command)
                                   : send_json(sender, file.text(), command.records);
}

std::uint64_t total_bytes(const std::vector<std::string>& paths) {
    RealFiles files;
    std::uint64_t total = 0;
    for (const std::string& path : paths) {
        const auto size = files.size_bytes(path);
        total += size.ok() ? size.value() : 0;
    }
    return total;
}

}  // namespace

int run_ingest(const Connection& connection, const IngestCommand& command) {
    auto client = ServerClient::create(connection);
    if (!client.ok()) {
        return report(client.error());
    }
    Progress progress(command.records ? "records" : command.table, total_bytes(command.files),
                      command.quiet);
    Sender sender(client.value(), command, !is_near(connection.server), progress);
    for (const std::string& path : command.files) {
        Status sent = send_file(sender, path, command);
        if (sent.ok()) {
            sent = sender.flush();
        }
        if (!sent.ok()) {
            sender.close().ignore("the first error is reported");
            return report(std::move(sent).with("ingesting " + path).error());
        }
    }
    if (Status closed = sender.close(); !closed.ok()) {
        return report(closed.error());
    }
    progress.finish(sender.rows(), sender.rejected());
    if (sender.rejected() > 0) {
        std::fprintf(stderr, "qd: %llu rows were rejected; see %s\n",
                     static_cast<unsigned long long>(sender.rejected()),
                     sender.rejected_path().c_str());
        return 3;
    }
    return 0;
}

}  // namespace qd::cli
