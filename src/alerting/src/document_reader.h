#pragma once

#include "qd/alerting/rule.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::alerting {

/// Reads typed fields out of a resource document and writes each back in its own type: templates
/// deliver numbers and booleans as text. What does not fit becomes a finding and stays as it is.
class DocumentReader {
  public:
    explicit DocumentReader(std::vector<Finding>& findings) : findings_(findings) {}

    /// The property, by exact name, else the first that differs only in case; null pointer when
    /// absent or null.
    static Value* field(Value& object, std::string_view name);

    std::optional<std::string> text(Value& object, std::string_view name, const std::string& path);
    std::optional<bool> boolean(Value& object, std::string_view name, const std::string& path);
    std::optional<double> number(Value& object, std::string_view name, const std::string& path);
    std::optional<std::int64_t> integer(Value& object, std::string_view name,
                                        const std::string& path, std::int64_t least,
                                        std::int64_t most);
    std::optional<Ticks> duration(Value& object, std::string_view name, const std::string& path);
    /// The index of the text in `names`, compared without case.
    std::optional<std::size_t> choice(Value& object, std::string_view name, const std::string& path,
                                      std::initializer_list<std::string_view> names);
    std::vector<std::string> texts(Value& object, std::string_view name, const std::string& path);
    std::vector<std::pair<std::string, std::string>> text_map(Value& object, std::string_view name,
                                                              const std::string& path);

    /// Reports text that is an unresolved template expression "[…]".
    bool is_expression(const Value& value, const std::string& path);
    void error(std::string id, std::string path, std::string message);
    void warn(std::string id, std::string path, std::string message);

  private:
    void wrong_type(const std::string& path, std::string_view wanted);

    std::vector<Finding>& findings_;
};

bool equals_without_case(std::string_view a, std::string_view b);

/// Where the value at a path ("a.b[2].c") lies in a JSON text; nothing when it is not there.
std::optional<TextSpan> locate_json_path(std::string_view json, std::string_view path);

}  // namespace qd::alerting
