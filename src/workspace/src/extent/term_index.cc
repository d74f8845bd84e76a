#include "extent/term_index.h"

#include "extent/byte_io.h"
#include "extent/text_tokens.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

namespace qd::workspace::internal {

namespace {

enum class IndexKind : std::uint8_t { Values = 1, Terms = 2 };

// ---- filter ---------------------------------------------------------------------------------

constexpr std::size_t kBitsPerText = 8;
constexpr std::size_t kLanes = 8;  // of 32 bits, one of which each text sets
constexpr std::size_t kBlockBytes = kLanes * 4;
constexpr std::size_t kValuesHead = 5;  // kind, number of blocks

constexpr std::uint32_t kSalts[kLanes] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                          0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

struct FilterPlace {
    std::size_t block;
    std::uint32_t bits[kLanes];

    FilterPlace(std::uint64_t hash, std::size_t blocks)
        : block(static_cast<std::size_t>((hash >> 32) * blocks >> 32)) {
        for (std::size_t i = 0; i < kLanes; ++i) {
            bits[i] = std::uint32_t{1} << (static_cast<std::uint32_t>(hash) * kSalts[i] >> 27);
        }
    }
};

std::size_t filter_blocks(std::size_t entries) {
    return entries * kBitsPerText / (kBlockBytes * 8) + 1;
}

/// Appends the filter of `blocks` blocks.
void append_filter(std::string& out, std::span<const std::uint64_t> hashes, std::size_t blocks) {
    std::vector<std::uint32_t> lanes(blocks * kLanes);
    for (const std::uint64_t hash : hashes) {
        const FilterPlace place(hash, blocks);
        for (std::size_t i = 0; i < kLanes; ++i) {
            lanes[place.block * kLanes + i] |= place.bits[i];
        }
    }
    out.append(reinterpret_cast<const char*>(lanes.data()), lanes.size() * 4);
}

/// `filter`: its blocks, one at least.
bool may_hold(std::string_view filter, std::uint64_t hash) {
    const FilterPlace place(hash, filter.size() / kBlockBytes);
    const char* block = filter.data() + place.block * kBlockBytes;
    for (std::size_t i = 0; i < kLanes; ++i) {
        std::uint32_t lane = 0;
        std::memcpy(&lane, block + i * 4, 4);
        if ((lane & place.bits[i]) == 0) {
            return false;
        }
    }
    return true;
}

// ---- words and their rows -------------------------------------------------------------------

constexpr double kListBytesPerRowMax = 2.5;  // of the lists and their words, all in all
constexpr std::size_t kEntryBytes = 12;      // of a word: hash, where its list begins
constexpr std::size_t kListedRowsMin = 3;    // words in fewer rows, or in more than
constexpr std::size_t kListedShareMax = 32;  // every 32nd, have no list
constexpr std::size_t kTermsHead = 17;       // kind, seed, blocks of the filter, words listed

/// Lower-cases the token into `word`; false when it is no word.
bool word_of(std::string_view token, std::string& word, bool& beyond_ascii) {
    bool digit = false;
    bool beyond_hex = false;
    word.clear();
    for (const char c : token) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            beyond_ascii = true;
            return false;
        }
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        digit = digit || (c >= '0' && c <= '9');
        beyond_hex = beyond_hex || lower > 'f';
        word.push_back(lower);
    }
    return beyond_hex || !digit;
}

/// A word is known by its hash alone. The seed depends on all texts of the row group, so that who
/// writes some of them cannot choose two words of one hash.
std::uint64_t hash_of(std::string_view word, std::uint64_t seed) {
    return XXH3_64bits_withSeed(word.data(), word.size(), seed);
}

std::uint64_t seed_of(std::span<const std::string_view> texts) {
    std::uint64_t seed = texts.size();
    for (const std::string_view text : texts) {
        seed = XXH3_64bits_withSeed(text.data(), text.size(), seed);
    }
    return seed;
}

/// Numbers of words by hash: what is the same hash is the same word.
class WordNumbers {
  public:
    std::uint32_t add(std::uint64_t hash) {
        if (hashes_.size() * 2 >= places_.size()) {
            grow();
        }
        std::size_t at = place_of(hash);
        if (places_[at] == kFree) {
            places_[at] = static_cast<std::uint32_t>(hashes_.size());
            hashes_.push_back(hash);
        }
        return places_[at];
    }
    const std::vector<std::uint64_t>& hashes() const { return hashes_; }

  private:
    static constexpr std::uint32_t kFree = 0xffffffff;

    std::size_t place_of(std::uint64_t hash) const {
        const std::size_t mask = places_.size() - 1;
        std::size_t at = hash & mask;
        while (places_[at] != kFree && hashes_[places_[at]] != hash) {
            at = (at + 1) & mask;
        }
        return at;
    }
    void grow() {
        places_.assign(std::max<std::size_t>(places_.size() * 2, 1024), kFree);
        for (std::uint32_t n = 0; n < hashes_.size(); ++n) {
            places_[place_of(hashes_[n])] = n;
        }
    }

    std::vector<std::uint32_t> places_;
    std::vector<std::uint64_t> hashes_;
};

struct Occurrences {
    std::uint64_t seed = 0;
    WordNumbers words;
    std::vector<std::uint32_t> counts;                          // rows of each word
    std::vector<std::pair<std::uint32_t, std::uint16_t>> rows;  // word, row
    std::vector<std::uint16_t> always;                          // candidates of every search
};

/// False when there are too many words.
bool collect(std::span<const std::string_view> texts,
             const std::function<bool(std::uint32_t)>& plain, Occurrences& out) {
    const std::size_t words_max = texts.size();
    out.seed = seed_of(texts);
    std::vector<std::uint32_t> last_row;
    std::string word;
    for (std::uint32_t row = 0; row < texts.size(); ++row) {
        bool unclear = !plain(row);
        std::string_view rest = unclear ? std::string_view() : texts[row];
        for (std::string_view token = next_token(rest); !token.empty(); token = next_token(rest)) {
            if (!word_of(token, word, unclear)) {
                continue;
            }
            const std::uint32_t n = out.words.add(hash_of(word, out.seed));
            if (n == out.counts.size()) {
                if (n == words_max) {
                    return false;
                }
                out.counts.push_back(0);
                last_row.push_back(0xffffffff);
            }
            if (last_row[n] != row) {
                last_row[n] = row;
                ++out.counts[n];
                out.rows.emplace_back(n, static_cast<std::uint16_t>(row));
            }
        }
        if (unclear) {
            out.always.push_back(static_cast<std::uint16_t>(row));
        }
    }
    return true;
}

/// Rows as the differences of neighbours.
void append_rows(std::string& out, std::span<const std::uint16_t> rows) {
    ByteWriter w(out);
    std::uint32_t before = 0;
    for (const std::uint16_t row : rows) {
        w.varint(row - before);
        before = row;
    }
}

struct TermsView {
    std::uint64_t seed = 0;
    std::uint32_t words = 0;
    std::string_view filter;
    std::string_view hashes;
    std::string_view begins;  // of the candidates' list, each word's, and the end
    std::string_view lists;

    static std::optional<TermsView> open(std::string_view bytes) {
        if (bytes.size() < kTermsHead || bytes[0] != static_cast<char>(IndexKind::Terms)) {
            return std::nullopt;
        }
        TermsView out;
        std::uint32_t blocks = 0;
        std::memcpy(&out.seed, bytes.data() + 1, 8);
        std::memcpy(&blocks, bytes.data() + 9, 4);
        std::memcpy(&out.words, bytes.data() + 13, 4);
        bytes.remove_prefix(kTermsHead);
        const std::uint64_t filter = std::uint64_t{blocks} * kBlockBytes;
        const std::uint64_t table = std::uint64_t{out.words} * kEntryBytes + 8;
        if (blocks == 0 || bytes.size() < filter + table) {
            return std::nullopt;
        }
        out.filter = bytes.substr(0, filter);
        bytes.remove_prefix(filter);
        out.hashes = bytes.substr(0, std::size_t{out.words} * 8);
        out.begins = bytes.substr(out.hashes.size(), std::size_t{out.words} * 4 + 8);
        out.lists = bytes.substr(table);
        return out;
    }
    std::uint64_t hash(std::size_t i) const {
        std::uint64_t v = 0;
        std::memcpy(&v, hashes.data() + i * 8, 8);
        return v;
    }
    std::uint32_t begin(std::size_t i) const {
        std::uint32_t v = 0;
        std::memcpy(&v, begins.data() + i * 4, 4);
        return v;
    }
    /// Appends the rows of a list; false when they are none of a group of so many.
    bool append_list(std::size_t i, std::uint32_t rows_max, std::vector<std::uint32_t>& out) const {
        const std::uint32_t from = begin(i);
        const std::uint32_t to = begin(i + 1);
        if (from > to || to > lists.size()) {
            return false;
        }
        ByteReader r(lists.substr(from, to - from));
        std::uint64_t row = 0;
        while (r.remaining() > 0) {
            row += r.varint();
            if (!r.ok() || row >= rows_max) {
                return false;
            }
            out.push_back(static_cast<std::uint32_t>(row));
        }
        return true;
    }
    std::optional<std::size_t> find(std::uint64_t wanted) const {
        std::size_t low = 0;
        std::size_t high = words;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            if (hash(middle) < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < words && hash(low) == wanted ? std::optional(low) : std::nullopt;
    }
};

/// The words that get lists, by hash: those in some rows but not many, the rarest first, as long as
/// there is room. For a rarer one few row groups are left to be looked at.
std::vector<std::uint32_t> choose_listed(const Occurrences& found, std::size_t rows) {
    std::vector<std::uint32_t> listed;
    for (std::uint32_t n = 0; n < found.counts.size(); ++n) {
        if (found.counts[n] >= std::min(kListedRowsMin, rows / kListedShareMax) &&
            found.counts[n] <= rows / kListedShareMax + 1) {
            listed.push_back(n);
        }
    }
    std::sort(listed.begin(), listed.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::pair(found.counts[a], a) < std::pair(found.counts[b], b);
    });
    auto room = static_cast<std::size_t>(static_cast<double>(rows) * kListBytesPerRowMax);
    std::size_t taken = 0;
    for (; taken < listed.size(); ++taken) {
        const std::size_t count = found.counts[listed[taken]];
        // A difference of neighbours takes one byte below 128.
        const std::size_t cost = kEntryBytes + count + (count * 128 < rows ? count : count / 4);
        if (cost > room) {
            break;
        }
        room -= cost;
    }
    listed.resize(taken);
    const std::vector<std::uint64_t>& hashes = found.words.hashes();
    std::sort(listed.begin(), listed.end(),
              [&](std::uint32_t a, std::uint32_t b) { return hashes[a] < hashes[b]; });
    return listed;
}

}  // namespace

std::string build_value_filter(std::span<const std::string_view> texts) {
    std::vector<std::uint64_t> hashes;
    for (const std::string_view text : texts) {
        if (!text.empty()) {
            hashes.push_back(XXH3_64bits(text.data(), text.size()));
        }
    }
    const std::size_t blocks = filter_blocks(texts.size());
    std::string out;
    ByteWriter w(out);
    w.fixed(static_cast<std::uint8_t>(IndexKind::Values));
    w.fixed(static_cast<std::uint32_t>(blocks));
    append_filter(out, hashes, blocks);
    return out;
}

bool may_hold_text(std::string_view bytes, std::string_view text) {
    if (bytes.size() < kValuesHead || bytes[0] != static_cast<char>(IndexKind::Values) ||
        text.empty()) {
        return true;
    }
    std::uint32_t blocks = 0;
    std::memcpy(&blocks, bytes.data() + 1, 4);
    const std::string_view filter = bytes.substr(kValuesHead);
    return blocks == 0 || filter.size() != std::size_t{blocks} * kBlockBytes ||
           may_hold(filter, XXH3_64bits(text.data(), text.size()));
}

std::string build_term_index(std::span<const std::string_view> texts,
                             const std::function<bool(std::uint32_t)>& plain) {
    Occurrences found;
    if (!collect(texts, plain, found)) {
        return {};
    }
    const std::vector<std::uint64_t>& hashes = found.words.hashes();
    const std::vector<std::uint32_t> listed = choose_listed(found, texts.size());
    constexpr std::uint32_t kNone = 0xffffffff;
    std::vector<std::uint32_t> list_of(found.counts.size(), kNone);
    for (std::uint32_t i = 0; i < listed.size(); ++i) {
        list_of[listed[i]] = i;
    }
    std::vector<std::vector<std::uint16_t>> rows(listed.size());
    for (const auto& [n, row] : found.rows) {
        if (list_of[n] != kNone) {
            rows[list_of[n]].push_back(row);
        }
    }
    std::string out;
    ByteWriter w(out);
    w.fixed(static_cast<std::uint8_t>(IndexKind::Terms));
    w.fixed(found.seed);
    w.fixed(static_cast<std::uint32_t>(filter_blocks(hashes.size())));
    w.fixed(static_cast<std::uint32_t>(listed.size()));
    append_filter(out, hashes, filter_blocks(hashes.size()));
    for (const std::uint32_t n : listed) {
        w.fixed(hashes[n]);
    }
    std::string lists;
    w.fixed(std::uint32_t{0});
    append_rows(lists, found.always);
    w.fixed(static_cast<std::uint32_t>(lists.size()));
    for (const std::vector<std::uint16_t>& list : rows) {
        append_rows(lists, list);
        w.fixed(static_cast<std::uint32_t>(lists.size()));
    }
    return out + lists;
}

std::optional<TextRows> find_term(std::string_view bytes, const TextNeedle& needle,
                                  std::uint32_t rows) {
    std::string word;
    bool beyond_ascii = false;
    if (!needle.whole || !word_of(needle.text, word, beyond_ascii)) {
        return std::nullopt;
    }
    const std::optional<TermsView> terms = TermsView::open(bytes);
    if (!terms) {
        return std::nullopt;
    }
    const std::uint64_t hash = hash_of(word, terms->seed);
    const std::optional<std::size_t> at = terms->find(hash);
    if (!at && may_hold(terms->filter, hash)) {
        return std::nullopt;
    }
    std::vector<std::uint32_t> always;
    TextRows out;
    if (!terms->append_list(0, rows, always) ||
        (at && !terms->append_list(*at + 1, rows, out.rows))) {
        return std::nullopt;
    }
    out.exact = always.empty();
    if (!out.exact) {
        std::vector<std::uint32_t> both;
        std::set_union(out.rows.begin(), out.rows.end(), always.begin(), always.end(),
                       std::back_inserter(both));
        out.rows = std::move(both);
    }
    return out;
}

}  // namespace qd::workspace::internal
