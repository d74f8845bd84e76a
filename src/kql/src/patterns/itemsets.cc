// Frequent itemsets by depth-first search over columns with lists of rows (Eclat, Zaki 2000).
//
// A table of categories has at most one item per column in a set, so the search extends a set only
// by later columns; splitting the rows of a set by the categories of one column gives all its
// extensions at once. A set is kept when it is closed: otherwise the larger one describes the same
// rows better. Complexity: O(rows · sets visited); the share bounds the sets, kItemsetsMax caps
// them.
#include "patterns/itemsets.h"

#include <algorithm>
#include <unordered_map>

namespace qd::kql {

namespace {

class Search {
  public:
    Search(const CodedTable& table, double share, std::size_t dimensions_max)
        : table_(table), dimensions_max_(dimensions_max) {
        double totals[2] = {0, 0};
        for (std::size_t r = 0; r < table.rows(); ++r) {
            totals[table.side[r]] += table.weights[r];
        }
        for (int s = 0; s < 2; ++s) {
            least_[s] = totals[s] > 0 ? share * totals[s] : std::numeric_limits<double>::infinity();
        }
    }

    std::vector<Itemset> run() {
        std::vector<std::uint32_t> all(table_.rows());
        for (std::uint32_t r = 0; r < all.size(); ++r) {
            all[r] = r;
        }
        Itemset empty;
        empty.items.assign(table_.codes.size(), kAnyCategory);
        extend(empty, all, 0);
        return std::move(found_);
    }

  private:
    void extend(const Itemset& base, const std::vector<std::uint32_t>& rows, std::size_t from) {
        for (std::size_t c = from; c < table_.codes.size(); ++c) {
            std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> parts;
            for (const std::uint32_t r : rows) {
                parts[table_.codes[c][r]].push_back(r);
            }
            std::vector<std::uint32_t> order;
            for (const auto& part : parts) {
                order.push_back(part.first);
            }
            std::sort(order.begin(), order.end());  // the answer does not depend on hashing
            for (const std::uint32_t code : order) {
                visit(base, parts[code], c, code);
            }
        }
    }

    void visit(const Itemset& base, const std::vector<std::uint32_t>& rows, std::size_t column,
               std::uint32_t code) {
        if (found_.size() >= kItemsetsMax) {
            return;
        }
        Itemset next = base;
        next.items[column] = code;
        next.dimensions = base.dimensions + 1;
        next.weight[0] = next.weight[1] = 0;
        for (const std::uint32_t r : rows) {
            next.weight[table_.side[r]] += table_.weights[r];
        }
        if (next.weight[0] < least_[0] && next.weight[1] < least_[1]) {
            return;
        }
        if (is_closed(next, rows)) {
            found_.push_back(next);
        }
        if (next.dimensions < dimensions_max_) {
            extend(next, rows, column + 1);
        }
    }

    bool is_closed(const Itemset& set, const std::vector<std::uint32_t>& rows) const {
        if (set.dimensions >= dimensions_max_) {
            return true;
        }
        for (std::size_t c = 0; c < table_.codes.size(); ++c) {
            if (set.items[c] != kAnyCategory) {
                continue;
            }
            const std::uint32_t first = table_.codes[c][rows[0]];
            if (std::all_of(rows.begin(), rows.end(),
                            [&](std::uint32_t r) { return table_.codes[c][r] == first; })) {
                return false;
            }
        }
        return true;
    }

    const CodedTable& table_;
    std::size_t dimensions_max_;
    double least_[2] = {0, 0};
    std::vector<Itemset> found_;
};

}  // namespace

std::vector<Itemset> frequent_itemsets(const CodedTable& table, double least_share,
                                       std::size_t dimensions_max) {
    if (table.rows() == 0) {
        return {};
    }
    return Search(table, least_share, dimensions_max).run();
}

bool row_matches(const CodedTable& table, const Itemset& itemset, std::size_t row) {
    for (std::size_t c = 0; c < itemset.items.size(); ++c) {
        if (itemset.items[c] != kAnyCategory && table.codes[c][row] != itemset.items[c]) {
            return false;
        }
    }
    return true;
}

}  // namespace qd::kql
