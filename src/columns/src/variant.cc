// Variant bytes: a tree laid out so that a property is reached by offsets alone.
//
// Writing goes depth first: a container reserves its header and offset table, appends its children
// behind it, then patches the offsets. Reading checks every length against the bytes it was given,
// so that damaged bytes read as null instead of out of bounds; a child's offset must lie behind
// its parent's table, which makes every descent strictly shorter and so finite, and kDepthMax
// bounds the stack.
#include "qd/columns/variant.h"

#include "qd/base/check.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"
#include "variant_tags.h"

#include <bit>
#include <cstring>
#include <limits>

namespace qd::columns {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr std::size_t kContainerHeader = 9;
constexpr std::size_t kCellBytes = 9;

}  // namespace

namespace internal {

void append_u32(std::string& out, std::size_t value) {
    QD_CHECK(value <= std::numeric_limits<std::uint32_t>::max());
    const auto v = static_cast<std::uint32_t>(value);
    char raw[4];
    std::memcpy(raw, &v, 4);
    out.append(raw, 4);
}

void put_u32(std::string& out, std::size_t at, std::size_t value) {
    QD_CHECK(value <= std::numeric_limits<std::uint32_t>::max());
    const auto v = static_cast<std::uint32_t>(value);
    std::memcpy(out.data() + at, &v, 4);
}

void append_tag(std::string& out, Tag tag) {
    out.push_back(static_cast<char>(tag));
}

void append_text(std::string& out, Tag tag, std::string_view text) {
    append_tag(out, tag);
    append_u32(out, text.size());
    out.append(text);
}

void append_i64(std::string& out, Tag tag, std::int64_t v) {
    char raw[9];
    raw[0] = static_cast<char>(tag);
    std::memcpy(raw + 1, &v, 8);
    out.append(raw, 9);
}

void append_f64(std::string& out, double v) {
    append_i64(out, Tag::Real, std::bit_cast<std::int64_t>(v));
}

ContainerWriter::ContainerWriter(std::string& out, Tag tag, std::size_t count)
    : out_(out), start_(out.size()), is_object_(tag == Tag::Object) {
    append_tag(out_, tag);
    append_u32(out_, 0);
    append_u32(out_, count);
    next_slot_ = out_.size();
    out_.append(count * (is_object_ ? 8 : 4), '\0');
}

void ContainerWriter::element() {
    put_u32(out_, next_slot_, out_.size() - start_);
    next_slot_ += 4;
}

void ContainerWriter::key(std::string_view key) {
    put_u32(out_, next_slot_, out_.size() - start_);
    append_u32(out_, key.size());
    out_.append(key);
    put_u32(out_, next_slot_ + 4, out_.size() - start_);
    next_slot_ += 8;
}

void ContainerWriter::finish() {
    if (!is_object_ && next_slot_ > start_ + kContainerHeader) {
        pack_cells();
    }
    put_u32(out_, start_ + 1, out_.size() - start_ - 5);
}

void ContainerWriter::pack_cells() {
    std::string cells;
    for (std::size_t at = next_slot_; at < out_.size();) {
        const auto tag = static_cast<Tag>(out_[at]);
        if (!is_cell(tag)) {
            return;
        }
        const std::size_t length = tag <= Tag::True ? 1 : kCellBytes;
        cells.append(out_, at, length);
        cells.append(kCellBytes - length, '\0');
        at += length;
    }
    out_[start_] = static_cast<char>(Tag::Cells);
    out_.resize(start_ + kContainerHeader);
    out_ += cells;
}

}  // namespace internal

namespace {

using internal::Tag;

constexpr int kDepthMax = 1100;  // above every parser's limit; bounds the stack of a descent

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
    std::uint32_t v = 0;
    if (at + 4 <= bytes.size()) {
        std::memcpy(&v, bytes.data() + at, 4);
    }
    return v;
}

std::int64_t read_i64(std::string_view bytes, std::size_t at) {
    std::int64_t v = 0;
    if (at + 8 <= bytes.size()) {
        std::memcpy(&v, bytes.data() + at, 8);
    }
    return v;
}

void append_wide(std::string& out, Tag tag, Wide v) {
    char raw[17];
    raw[0] = static_cast<char>(tag);
    std::memcpy(raw + 1, &v.high, 8);
    std::memcpy(raw + 9, &v.low, 8);
    out.append(raw, 17);
}

void append_node(std::string& out, const Value& value, int depth) {
    if (value.is_null() || depth > kDepthMax) {
        internal::append_tag(out, Tag::Null);
    } else if (const bool* b = value.if_bool()) {
        internal::append_tag(out, *b ? Tag::True : Tag::False);
    } else if (const std::int64_t* n = value.if_int()) {
        internal::append_i64(out, Tag::Long, *n);
    } else if (const double* d = value.if_double()) {
        internal::append_f64(out, *d);
    } else if (const std::string* s = value.if_string()) {
        internal::append_text(out, Tag::String, *s);
    } else if (const Array* a = value.if_array()) {
        internal::ContainerWriter writer(out, Tag::Array, a->size());
        for (const Value& v : *a) {
            writer.element();
            append_node(out, v, depth + 1);
        }
        writer.finish();
    } else if (const Object* o = value.if_object()) {
        internal::ContainerWriter writer(out, Tag::Object, o->size());
        for (const auto& [key, v] : *o) {
            writer.key(key);
            append_node(out, v, depth + 1);
        }
        writer.finish();
    } else if (const Timestamp* t = value.if_timestamp()) {
        internal::append_i64(out, Tag::DateTime, t->ticks);
    } else if (const Ticks* t2 = value.if_ticks()) {
        internal::append_i64(out, Tag::TimeSpan, t2->count);
    } else if (const GuidValue* g = value.if_guid()) {
        append_wide(out, Tag::Guid, g->bits);
    } else if (const DecimalValue* c = value.if_decimal()) {
        append_wide(out, Tag::Decimal, c->bits);
    } else if (const Value::BigNumber* big = value.if_big_number()) {
        internal::append_text(out, Tag::BigNumber, big->text);
    }
}

Value view_to_value(VariantView view, int depth) {
    using Kind = VariantView::Kind;
    if (depth > kDepthMax) {
        return {};
    }
    switch (view.kind()) {
        case Kind::Null:
            return {};
        case Kind::Bool:
            return view.as_bool();
        case Kind::Long:
            return view.as_int();
        case Kind::Real:
            return view.as_real();
        case Kind::String:
            return view.as_string();
        case Kind::Array: {
            Array array;
            array.reserve(view.size());
            for (std::uint32_t i = 0; i < view.size(); ++i) {
                array.push_back(view_to_value(view.element(i), depth + 1));
            }
            return array;
        }
        case Kind::Object: {
            Object object;
            for (std::uint32_t i = 0; i < view.size(); ++i) {
                object.append(std::string(view.key(i)),
                              view_to_value(view.property_at(i), depth + 1));
            }
            return object;
        }
        case Kind::DateTime:
            return Timestamp{view.as_int()};
        case Kind::TimeSpan:
            return Ticks{view.as_int()};
        case Kind::Guid:
            return GuidValue{view.as_wide()};
        case Kind::Decimal:
            return DecimalValue{view.as_wide()};
        case Kind::BigNumber:
            return Value::BigNumber{std::string(view.as_string())};
    }
    return {};
}

void append_view_json(std::string& out, VariantView view, int depth) {
    using Kind = VariantView::Kind;
    if (depth > kDepthMax) {
        out += "null";
        return;
    }
    switch (view.kind()) {
        case Kind::Null:
            out += "null";
            return;
        case Kind::Bool:
            out += view.as_bool() ? "true" : "false";
            return;
        case Kind::Long:
            out += std::to_string(view.as_int());
            return;
        case Kind::String:
            codec::append_json_string(out, view.as_string());
            return;
        case Kind::BigNumber:
            out += view.as_string();
            return;
        case Kind::Array:
            out.push_back('[');
            for (std::uint32_t i = 0; i < view.size(); ++i) {
                if (i > 0) {
                    out.push_back(',');
                }
                append_view_json(out, view.element(i), depth + 1);
            }
            out.push_back(']');
            return;
        case Kind::Object:
            out.push_back('{');
            for (std::uint32_t i = 0; i < view.size(); ++i) {
                if (i > 0) {
                    out.push_back(',');
                }
                codec::append_json_string(out, view.key(i));
                out.push_back(':');
                append_view_json(out, view.property_at(i), depth + 1);
            }
            out.push_back('}');
            return;
        case Kind::Real:
        case Kind::DateTime:
        case Kind::TimeSpan:
        case Kind::Guid:
        case Kind::Decimal:
            codec::append_json(out, view.to_value());
            return;
    }
}

}  // namespace

std::string encode_variant(const Value& value) {
    std::string out;
    append_variant(out, value);
    return out;
}

void append_variant_string(std::string& out, std::string_view text) {
    internal::append_text(out, Tag::String, text);
}

void append_variant(std::string& out, const Value& value) {
    append_node(out, value, 0);
}

VariantView::Kind VariantView::kind() const {
    if (bytes_.empty()) {
        return Kind::Null;
    }
    const std::size_t size = bytes_.size();
    const auto fits = [&](Kind kind, std::size_t needed) {
        return size >= needed ? kind : Kind::Null;
    };
    const auto fits_text = [&](Kind kind) {
        return size >= 5 && read_u32(bytes_, 1) <= size - 5 ? kind : Kind::Null;
    };
    const auto fits_container = [&](Kind kind, std::uint64_t slot) {
        if (size < kContainerHeader || read_u32(bytes_, 1) > size - 5) {
            return Kind::Null;
        }
        const std::uint64_t table = std::uint64_t{read_u32(bytes_, 5)} * slot;
        return table + 4 <= read_u32(bytes_, 1) ? kind : Kind::Null;
    };
    switch (static_cast<Tag>(bytes_[0])) {
        case Tag::Null:
            return Kind::Null;
        case Tag::False:
        case Tag::True:
            return Kind::Bool;
        case Tag::Long:
            return fits(Kind::Long, 9);
        case Tag::Real:
            return fits(Kind::Real, 9);
        case Tag::String:
            return fits_text(Kind::String);
        case Tag::Array:
            return fits_container(Kind::Array, 4);
        case Tag::Object:
            return fits_container(Kind::Object, 8);
        case Tag::DateTime:
            return fits(Kind::DateTime, 9);
        case Tag::TimeSpan:
            return fits(Kind::TimeSpan, 9);
        case Tag::Guid:
            return fits(Kind::Guid, 17);
        case Tag::Decimal:
            return fits(Kind::Decimal, 17);
        case Tag::BigNumber:
            return fits_text(Kind::BigNumber);
        case Tag::Cells:
            return fits_container(Kind::Array, kCellBytes);
    }
    return Kind::Null;
}

bool VariantView::as_bool() const {
    return !bytes_.empty() && static_cast<Tag>(bytes_[0]) == Tag::True;
}

std::int64_t VariantView::as_int() const {
    return read_i64(bytes_, 1);
}

double VariantView::as_real() const {
    return std::bit_cast<double>(read_i64(bytes_, 1));
}

std::string_view VariantView::as_string() const {
    const Kind k = kind();
    if (k != Kind::String && k != Kind::BigNumber) {
        return {};
    }
    return bytes_.substr(5, read_u32(bytes_, 1));
}

Wide VariantView::as_wide() const {
    return {static_cast<std::uint64_t>(read_i64(bytes_, 1)),
            static_cast<std::uint64_t>(read_i64(bytes_, 9))};
}

std::uint32_t VariantView::size() const {
    const Kind k = kind();
    return k == Kind::Array || k == Kind::Object ? read_u32(bytes_, 5) : 0;
}

namespace {

// A container's child that starts at the offset stored in `slot`; empty when it lies elsewhere.
std::string_view child_bytes(std::string_view parent, std::size_t slot, std::size_t table_end) {
    const std::uint32_t offset = read_u32(parent, slot);
    const std::size_t end = std::size_t{5} + read_u32(parent, 1);
    if (offset < table_end || offset >= end) {
        return {};
    }
    return parent.substr(offset, end - offset);
}

}  // namespace

VariantView VariantView::element(std::uint32_t index) const {
    if (kind() != Kind::Array || index >= read_u32(bytes_, 5)) {
        return {};
    }
    if (static_cast<Tag>(bytes_[0]) == Tag::Cells) {
        return VariantView(
            bytes_.substr(kContainerHeader + kCellBytes * std::size_t{index}, kCellBytes));
    }
    const std::size_t table_end = kContainerHeader + std::size_t{4} * read_u32(bytes_, 5);
    return VariantView(child_bytes(bytes_, kContainerHeader + std::size_t{4} * index, table_end));
}

std::string_view VariantView::key(std::uint32_t index) const {
    if (kind() != Kind::Object || index >= read_u32(bytes_, 5)) {
        return {};
    }
    const std::size_t table_end = kContainerHeader + std::size_t{8} * read_u32(bytes_, 5);
    const std::string_view at =
        child_bytes(bytes_, kContainerHeader + std::size_t{8} * index, table_end);
    const std::uint32_t length = read_u32(at, 0);
    return at.size() >= 4 && length <= at.size() - 4 ? at.substr(4, length) : std::string_view{};
}

VariantView VariantView::property_at(std::uint32_t index) const {
    if (kind() != Kind::Object || index >= read_u32(bytes_, 5)) {
        return {};
    }
    const std::size_t table_end = kContainerHeader + std::size_t{8} * read_u32(bytes_, 5);
    return VariantView(
        child_bytes(bytes_, kContainerHeader + std::size_t{8} * index + 4, table_end));
}

VariantView VariantView::property(std::string_view name) const {
    if (kind() != Kind::Object) {
        return {};
    }
    for (std::uint32_t i = read_u32(bytes_, 5); i-- > 0;) {
        if (key(i) == name) {
            return property_at(i);
        }
    }
    return {};
}

VariantView VariantView::element_from(std::int64_t index) const {
    if (kind() != Kind::Array) {
        return {};
    }
    const std::int64_t count = size();
    const std::int64_t at = index < 0 ? index + count : index;
    if (at < 0 || at >= count) {
        return {};
    }
    return element(static_cast<std::uint32_t>(at));
}

std::string_view VariantView::bytes() const {
    static constexpr char kNullTag[1] = {'\0'};
    switch (kind()) {
        case Kind::Null:
            return {kNullTag, 1};
        case Kind::Bool:
            return bytes_.substr(0, 1);
        case Kind::Long:
        case Kind::Real:
        case Kind::DateTime:
        case Kind::TimeSpan:
            return bytes_.substr(0, 9);
        case Kind::Guid:
        case Kind::Decimal:
            return bytes_.substr(0, 17);
        case Kind::String:
        case Kind::BigNumber:
        case Kind::Array:
        case Kind::Object:
            return bytes_.substr(0, std::size_t{5} + read_u32(bytes_, 1));
    }
    return {kNullTag, 1};
}

Value VariantView::to_value() const {
    return view_to_value(*this, 0);
}

std::string_view VariantView::cells() const {
    if (kind() != Kind::Array || static_cast<Tag>(bytes_[0]) != Tag::Cells) {
        return {};
    }
    return bytes_.substr(kContainerHeader, kCellBytes * std::size_t{read_u32(bytes_, 5)});
}

void VariantView::append_json(std::string& out) const {
    append_view_json(out, *this, 0);
}

}  // namespace qd::columns
