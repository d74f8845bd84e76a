#include "location_database.h"

#include <maxminddb.h>

#include <array>

namespace qd::server {

namespace {

class MaxMindFile final : public query::AddressBook {
  public:
    explicit MaxMindFile(const MMDB_s& file) : file_(file) {}
    ~MaxMindFile() override { MMDB_close(&file_); }
    MaxMindFile(const MaxMindFile&) = delete;
    MaxMindFile& operator=(const MaxMindFile&) = delete;

    std::optional<Value> locate(std::string_view address) const override {
        // What is no address must not reach the resolver behind the library's own parser.
        const std::string text(address.substr(0, address.find('%')));
        if (text.empty() || text.size() > 64 ||
            text.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) {
            return std::nullopt;
        }
        int no_address = 0;
        int failed = MMDB_SUCCESS;
        MMDB_lookup_result_s found = MMDB_lookup_string(&file_, text.c_str(), &no_address, &failed);
        if (no_address != 0 || failed != MMDB_SUCCESS || !found.found_entry) {
            return std::nullopt;
        }
        Object out;
        add_text(found.entry, {"country", "names", "en", nullptr}, "country", out);
        add_text(found.entry, {"subdivisions", "0", "names", "en", nullptr}, "state", out);
        add_text(found.entry, {"city", "names", "en", nullptr}, "city", out);
        add_number(found.entry, {"location", "latitude", nullptr}, "latitude", out);
        add_number(found.entry, {"location", "longitude", nullptr}, "longitude", out);
        return out.empty() ? std::nullopt : std::optional(Value(std::move(out)));
    }

  private:
    using PathOfNames = std::array<const char*, 5>;

    static bool get(MMDB_entry_s entry, const PathOfNames& path, std::uint32_t type,
                    MMDB_entry_data_s& data) {
        return MMDB_aget_value(&entry, &data, path.data()) == MMDB_SUCCESS && data.has_data &&
               data.type == type;
    }
    static void add_text(MMDB_entry_s entry, const PathOfNames& path, const char* name,
                         Object& out) {
        MMDB_entry_data_s data;
        if (get(entry, path, MMDB_DATA_TYPE_UTF8_STRING, data)) {
            out.set(name, std::string(data.utf8_string, data.data_size));
        }
    }
    static void add_number(MMDB_entry_s entry, const PathOfNames& path, const char* name,
                           Object& out) {
        MMDB_entry_data_s data;
        if (get(entry, path, MMDB_DATA_TYPE_DOUBLE, data)) {
            out.set(name, data.double_value);
        }
    }

    mutable MMDB_s file_;  // the library's calls take it unconst; they do not change it
};

}  // namespace

Result<std::unique_ptr<query::AddressBook>> LocationDatabase::open(const std::string& path) {
    MMDB_s file;
    const int failed = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &file);
    if (failed != MMDB_SUCCESS) {
        return Error(
            Code::InvalidArgument, "SRV0040",
            "the location database cannot be read: " + path + ": " + MMDB_strerror(failed));
    }
    return std::unique_ptr<query::AddressBook>(std::make_unique<MaxMindFile>(file));
}

}  // namespace qd::server
