#include "expr/function.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace qd::automation::expr {
namespace {

using Kind = Function::Kind;

// Functions the evaluator or the context answers.
constexpr std::array kSpecial = {
    Function{"and", 1, kAnyNumber, nullptr, Kind::And},
    Function{"or", 1, kAnyNumber, nullptr, Kind::Or},
    Function{"if", 3, 3, nullptr, Kind::If},
    Function{"coalesce", 1, kAnyNumber, nullptr, Kind::Coalesce},
    Function{"body", 1, 1, nullptr, Kind::Reference},
    Function{"actionBody", 1, 1, nullptr, Kind::Reference},
    Function{"outputs", 1, 1, nullptr, Kind::Reference},
    Function{"actionOutputs", 1, 1, nullptr, Kind::Reference},
    Function{"actions", 1, 2, nullptr, Kind::Reference},
    Function{"action", 0, 0, nullptr, Kind::Reference},
    Function{"result", 1, 1, nullptr, Kind::Reference},
    Function{"trigger", 0, 0, nullptr, Kind::Reference},
    Function{"triggerBody", 0, 0, nullptr, Kind::Reference},
    Function{"triggerOutputs", 0, 0, nullptr, Kind::Reference},
    Function{"variables", 1, 1, nullptr, Kind::Reference},
    Function{"parameters", 1, 1, nullptr, Kind::Reference},
    Function{"item", 0, 0, nullptr, Kind::Reference},
    Function{"items", 1, 1, nullptr, Kind::Reference},
    Function{"iterationIndexes", 1, 1, nullptr, Kind::Reference},
    Function{"workflow", 0, 0, nullptr, Kind::Reference},
    Function{"appsetting", 1, 1, nullptr, Kind::Reference},
    Function{"listCallbackUrl", 0, 0, nullptr, Kind::Reference},
    Function{"agentParameters", 1, 1, nullptr, Kind::Reference},
    Function{"formDataValue", 2, 2, nullptr, Kind::Reference},
    Function{"formDataMultiValues", 2, 2, nullptr, Kind::Reference},
    Function{"multipartBody", 2, 2, nullptr, Kind::Reference},
    Function{"triggerFormDataValue", 1, 1, nullptr, Kind::Reference},
    Function{"triggerFormDataMultiValues", 1, 1, nullptr, Kind::Reference},
    Function{"triggerMultipartBody", 1, 1, nullptr, Kind::Reference},
};

std::string lower(std::string_view name) {
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::unordered_map<std::string, const Function*> make_index() {
    std::unordered_map<std::string, const Function*> index;
    for (const auto functions :
         {std::span<const Function>(kSpecial), string_functions(), collection_functions(),
          logic_functions(), conversion_functions(), data_uri_functions(), math_functions(),
          date_functions(), object_functions(), xml_functions()}) {
        for (const Function& function : functions) {
            index.emplace(lower(function.name), &function);
        }
    }
    return index;
}

}  // namespace

const Function* find_function(std::string_view name) {
    static const std::unordered_map<std::string, const Function*> index = make_index();
    const auto found = index.find(lower(name));
    return found == index.end() ? nullptr : found->second;
}

Error Arguments::wrong(std::size_t i, std::string_view expected) const {
    return Error(Code::InvalidArgument, "AUT0204",
                 "the template function '" + std::string(name) + "' expects its parameter " +
                     std::to_string(i + 1) + " to be " + std::string(expected));
}

Error Arguments::invalid(std::string_view message) const {
    return Error(Code::InvalidArgument, "AUT0204",
                 "the template function '" + std::string(name) + "': " + std::string(message));
}

Result<std::string_view> Arguments::string(std::size_t i) const {
    if (const auto* text = (*this)[i].if_string()) {
        return std::string_view(*text);
    }
    return wrong(i, "a string");
}

Result<std::int64_t> Arguments::integer(std::size_t i) const {
    if (const auto* number = (*this)[i].if_int()) {
        return *number;
    }
    return wrong(i, "an integer");
}

Result<const qd::Array*> Arguments::array(std::size_t i) const {
    if (const auto* list = (*this)[i].if_array()) {
        return list;
    }
    return wrong(i, "an array");
}

Result<const qd::Object*> Arguments::object(std::size_t i) const {
    if (const auto* found = (*this)[i].if_object()) {
        return found;
    }
    return wrong(i, "an object");
}

Result<std::optional<std::string_view>> Arguments::optional_string(std::size_t i) const {
    if (i >= size() || (*this)[i].is_null()) {
        return std::optional<std::string_view>();
    }
    QD_TRY(const std::string_view text, string(i));
    return std::optional<std::string_view>(text);
}

}  // namespace qd::automation::expr

namespace qd::automation {

bool is_known_function(std::string_view name) {
    return expr::find_function(name) != nullptr;
}

}  // namespace qd::automation
