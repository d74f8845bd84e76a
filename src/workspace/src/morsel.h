#pragma once

#include "qd/workspace/scan.h"
#include "table_data.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

/// The pieces a scan hands out: a row group of an extent, a part of a batch of fresh rows.
namespace qd::workspace::internal {

/// What stands behind a wanted column.
struct Wanted {
    enum class Source : std::uint8_t { Stored, ItemId, Fixed };
    std::string name;
    columns::DataType type = columns::DataType::String;
    Source source = Source::Stored;
    std::string text;  // Fixed
};

struct ScanPlan {
    std::vector<Wanted> columns;
    std::uint32_t table_id = 0;
    /// Rows received before are hidden.
    std::int64_t hidden_before = std::numeric_limits<std::int64_t>::min();
    std::vector<ScanPredicate> predicates;
};
using ScanPlanPtr = std::shared_ptr<const ScanPlan>;

std::unique_ptr<Morsel> make_extent_morsel(ScanPlanPtr plan, ExtentPtr entry,
                                           std::shared_ptr<DictionaryCache> cache,
                                           std::size_t group);
std::unique_ptr<Morsel> make_head_morsel(ScanPlanPtr plan, HeadBatchPtr batch, std::uint32_t begin,
                                         std::uint32_t count);
/// Stands for an extent whose file is damaged: reading says so.
std::unique_ptr<Morsel> make_damaged_morsel(ExtentPtr entry);

}  // namespace qd::workspace::internal
