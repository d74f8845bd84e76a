#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the workspace, by name. Sources: Log Analytics service limits where they exist,
/// else what keeps memory and recovery time in hand.
namespace qd::workspace {

inline constexpr std::size_t kTablesMax = 2'000;
inline constexpr std::size_t kColumnsMax = 1'000;         // a table; the service allows 500
inline constexpr std::size_t kNameBytesMax = 128;         // a table's or column's name
inline constexpr std::size_t kBatchRowsMax = 1'000'000;   // one append()
inline constexpr std::size_t kBatchBytesMax = 256 << 20;  // one append(), in memory
inline constexpr std::size_t kCellBytesMax = 64 << 20;    // one string or dynamic value

inline constexpr std::uint32_t kRowGroupRows = 65'536;    // rows of one row group of an extent
inline constexpr std::size_t kExtentRowsMax = 4'194'304;  // merging stops there

}  // namespace qd::workspace
