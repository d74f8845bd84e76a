#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The two ports of the query engine: what tables and functions exist (Catalog), and how rows come
/// out of one (TableSource). The query module binds them to the workspace; tests bind them to
/// tables in memory; a remote Kusto-compatible cluster is a third source.
namespace qd::kql {

/// [from, to); either end may be missing.
struct TimeRange {
    std::optional<Timestamp> from;
    std::optional<Timestamp> to;
};

/// A conjunct a source may use to skip rows it can prove do not match. It is a hint: the engine
/// applies the whole predicate again.
struct PruningPredicate {
    enum class Op : std::uint8_t {
        Equal,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        HasTerm,  // a text column has the value, ASCII letters and digits, as a term in any case
        HasText   // … anywhere
    };
    std::string column;
    Op op = Op::Equal;
    columns::Scalar value;
};

struct ScanRequest {
    std::vector<std::string> columns;  // wanted, in this order
    std::vector<PruningPredicate> pruning;
    /// The reader stops after about this many rows; 0 = all.
    std::uint64_t rows_wanted = 0;
    /// Dynamic columns of which only these property paths are read ("LocationDetails" ->
    /// {"countryOrRegion"}); a source with shredded columns may deliver just them.
    std::vector<std::pair<std::string, std::vector<std::string>>> dynamic_paths;
};

/// Rows of a morsel, ascending; nothing stands for all of them.
using MorselRows = std::optional<std::vector<std::uint32_t>>;

struct MorselCandidates {
    MorselRows rows;
    /// Bit i: predicate i of the request holds for all of the rows (of the first 64).
    std::uint64_t proven = 0;
};

/// A piece of a table that any one thread can read by itself. Its rows are numbered from 0.
class Morsel {
  public:
    virtual ~Morsel() = default;
    virtual std::uint32_t rows() const = 0;
    /// The rows that are there and may match the request's pruning predicates. To be asked first:
    /// others must not be read.
    virtual Result<MorselCandidates> candidates() { return MorselCandidates(); }
    /// Least and greatest value of a wanted column of integers or times, where they are known and
    /// no row is null.
    virtual std::optional<std::pair<std::int64_t, std::int64_t>> bounds(std::size_t) const {
        return std::nullopt;
    }
    /// Some of the wanted columns, named by their places in the request, at the given rows.
    /// Dictionary columns of one morsel share their dictionary.
    virtual Result<columns::Chunk> read(std::span<const std::size_t> wanted,
                                        const MorselRows& rows) = 0;
};

/// Rows of one table as of one instant. Threads: any.
class TableSource {
  public:
    virtual ~TableSource() = default;
    virtual const columns::Schema& schema() const = 0;
    /// Columns that may be read by name although no schema lists them; `_TimeReceived` is what
    /// ingestion_time() returns.
    virtual std::vector<columns::Field> hidden_columns() const { return {}; }
    /// Morsels in storage order (which is arrival order unless the source says otherwise).
    virtual Result<std::vector<std::unique_ptr<Morsel>>> scan(const ScanRequest& request) = 0;
};

/// A stored function or view: bound like a let statement of the same text.
struct StoredFunction {
    std::string name;
    std::string parameters;  // "(threshold:real=3.0)", "()" or "" for a view used by bare name
    std::string body;        // what stands between the braces
    std::string folder;
    std::string doc;
    bool is_view = false;
};

/// materialized_view("V") is the stored function of this prefix and the view's name.
inline constexpr std::string_view kMaterializedPart = "$materialized/";

/// Names as a query sees them. A call returns the same answer for the life of one query: the
/// implementation hands out a snapshot.
class Catalog {
  public:
    virtual ~Catalog() = default;
    /// The database used when none is named.
    virtual std::string default_database() const = 0;
    /// Null when there is no such table. An empty database means the default one.
    virtual std::shared_ptr<TableSource> find_table(std::string_view database,
                                                    std::string_view name) = 0;
    /// The rows behind a view of the same name, for the view's own text alone: a table under row
    /// level security, what a materialized view holds. Null when there are none.
    virtual std::shared_ptr<TableSource> find_behind(std::string_view, std::string_view) {
        return nullptr;
    }
    /// Tables, and views that stand in front of one (also under find_function()).
    virtual std::vector<std::string> table_names(std::string_view database) = 0;
    virtual std::optional<StoredFunction> find_function(std::string_view database,
                                                        std::string_view name) = 0;
    /// What is known of where an IP address is: country, state, city, latitude, longitude, as far
    /// as they are. Nothing for an address that is not known, or is none.
    virtual std::optional<Value> locate_address(std::string_view) { return std::nullopt; }
    /// The bytes behind an externaldata() address, decompressed; the implementation enforces the
    /// host allow-list, the size limit and the deadline. Errors go to the user as they are.
    virtual Result<std::string> read_external(std::string_view uri) = 0;
};

/// A table held in memory: datatable(), tests, materialised results.
std::shared_ptr<TableSource> make_memory_source(columns::Table table);

}  // namespace qd::kql
