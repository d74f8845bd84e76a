#include "expr/access.h"
#include "expr/function.h"
#include "expr/node.h"
#include "expr/text.h"

#include <array>

namespace qd::automation {
namespace expr {
namespace {

/// A value of our own or one that lives elsewhere; looking into a large body copies nothing.
class Operand {
  public:
    Operand(Value value) : owned_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Operand(const Value* elsewhere) : elsewhere_(elsewhere) {}  // NOLINT
    const Value& get() const { return elsewhere_ != nullptr ? *elsewhere_ : owned_; }
    Value take() && {
        if (elsewhere_ != nullptr) {
            return *elsewhere_;
        }
        return std::move(owned_);
    }
    bool owned() const { return elsewhere_ == nullptr; }

  private:
    Value owned_;
    const Value* elsewhere_ = nullptr;
};

Result<Operand> evaluate(const Node& node, ExpressionContext& context);

Error unknown_function(const Node& node) {
    return Error(Code::InvalidArgument, "AUT0202",
                 "The template function '" + node.name + "' is not defined or not valid");
}

Result<bool> evaluate_bool(const Node& node, const Node& of, ExpressionContext& context) {
    QD_TRY(const Operand operand, evaluate(node, context));
    if (const bool* b = operand.get().if_bool()) {
        return *b;
    }
    return Error(Code::InvalidArgument, "AUT0204",
                 "the template function '" + of.name + "' expects a boolean");
}

Result<Operand> evaluate_lazy(const Node& node, ExpressionContext& context) {
    switch (node.function->kind) {
        case Function::Kind::And:
        case Function::Kind::Or: {
            const bool is_and = node.function->kind == Function::Kind::And;
            for (const Node& child : node.children) {
                QD_TRY(const bool b, evaluate_bool(child, node, context));
                if (b != is_and) {
                    return Operand(Value(b));
                }
            }
            return Operand(Value(is_and));
        }
        case Function::Kind::If: {
            QD_TRY(const bool b, evaluate_bool(node.children[0], node, context));
            return evaluate(node.children[b ? 1 : 2], context);
        }
        default:  // coalesce
            for (const Node& child : node.children) {
                QD_TRY(Operand operand, evaluate(child, context));
                if (!operand.get().is_null()) {
                    return operand;
                }
            }
            return Operand(Value());
    }
}

std::string lower_ascii(std::string_view name) {
    std::string out(name);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

Result<Operand> evaluate_call(const Node& node, ExpressionContext& context) {
    const Function* function = node.function;
    if (function == nullptr) {
        return unknown_function(node);
    }
    if (node.children.size() < function->least || node.children.size() > function->most) {
        const std::string expected =
            function->most == kAnyNumber ? "at least " + std::to_string(function->least)
            : function->least == function->most
                ? "exactly " + std::to_string(function->least)
                : std::to_string(function->least) + " to " + std::to_string(function->most);
        return Error(Code::InvalidArgument, "AUT0203",
                     "the template function '" + node.name +
                         "' has the wrong number of parameters; expected: " + expected +
                         ", given: " + std::to_string(node.children.size()));
    }
    if (function->kind != Function::Kind::Plain && function->kind != Function::Kind::Reference) {
        return evaluate_lazy(node, context);
    }
    std::vector<Operand> operands;
    operands.reserve(node.children.size());
    for (const Node& child : node.children) {
        QD_TRY(Operand operand, evaluate(child, context));
        operands.push_back(std::move(operand));
    }
    std::vector<const Value*> pointers;
    pointers.reserve(operands.size());
    for (const Operand& operand : operands) {
        pointers.push_back(&operand.get());
    }
    if (function->kind == Function::Kind::Reference) {
        QD_TRY(const Value* value, context.reference(lower_ascii(function->name), pointers));
        return Operand(value);
    }
    QD_TRY(Value value, function->implementation(Arguments{node.name, pointers, context}));
    return Operand(std::move(value));
}

Result<Operand> evaluate_access(const Node& node, ExpressionContext& context) {
    QD_TRY(Operand base, evaluate(node.children[0], context));
    QD_TRY(const Operand key, evaluate(node.children[1], context));
    QD_TRY(const Value* found, access(base.get(), key.get(), node.safe));
    if (found == nullptr) {
        return Operand(Value());
    }
    if (base.owned()) {
        return Operand(Value(*found));
    }
    return Operand(found);
}

Result<Operand> evaluate(const Node& node, ExpressionContext& context) {
    switch (node.kind) {
        case Node::Kind::Literal:
            return Operand(&node.value);
        case Node::Kind::Call:
            return evaluate_call(node, context);
        case Node::Kind::Access:
            return evaluate_access(node, context);
        case Node::Kind::Interpolate: {
            std::string out;
            for (const Node& child : node.children) {
                QD_TRY(const Operand operand, evaluate(child, context));
                QD_CHECK_OK(append_text(out, operand.get()));
                QD_CHECK_OK(check_size(out.size()));
            }
            return Operand(Value(std::move(out)));
        }
        case Node::Kind::Array: {
            Array out;
            out.reserve(node.children.size());
            for (const Node& child : node.children) {
                QD_TRY(Operand operand, evaluate(child, context));
                out.push_back(std::move(operand).take());
            }
            return Operand(Value(std::move(out)));
        }
        case Node::Kind::Object: {
            Object out;
            for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
                QD_TRY(const Operand key, evaluate(node.children[i], context));
                QD_TRY(std::string key_text, stringify(key.get()));
                QD_TRY(Operand value, evaluate(node.children[i + 1], context));
                out.set(std::move(key_text), std::move(value).take());
            }
            return Operand(Value(std::move(out)));
        }
    }
    return Operand(Value());
}

void visit(const Node& node,
           const std::function<void(const std::string&, const std::vector<const Value*>&)>& f) {
    if (node.kind == Node::Kind::Call) {
        std::vector<const Value*> arguments;
        for (const Node& child : node.children) {
            arguments.push_back(child.kind == Node::Kind::Literal ? &child.value : nullptr);
        }
        f(node.name, arguments);
    }
    for (const Node& child : node.children) {
        visit(child, f);
    }
}

class EmptyContext final : public ExpressionContext {
  public:
    Result<const Value*> reference(std::string_view function,
                                   std::span<const Value* const>) override {
        return Error(Code::InvalidArgument, "AUT0204",
                     "nothing to refer to outside of a run: " + std::string(function));
    }
    Timestamp now() override { return Timestamp::from_unix_seconds(0); }
    std::string guid() override { return "00000000-0000-0000-0000-000000000000"; }
    std::uint64_t random_below(std::uint64_t) override { return 0; }
};

}  // namespace

Result<const Value*> access(const Value& base, const Value& key, bool safe) {
    const auto missing = [&](std::string message) -> Result<const Value*> {
        if (safe) {
            return static_cast<const Value*>(nullptr);
        }
        return Error(Code::InvalidArgument, "AUT0205", std::move(message));
    };
    if (base.is_null()) {
        return missing("cannot look into null");
    }
    if (const auto* object = base.if_object()) {
        const auto* name = key.if_string();
        if (name == nullptr) {
            return Error(Code::InvalidArgument, "AUT0205", "a property is selected by a string");
        }
        if (const Value* found = find_property(*object, *name)) {
            return found;
        }
        return missing("the object has no property: " + *name);
    }
    if (const auto* array = base.if_array()) {
        const auto* index = key.if_int();
        if (index == nullptr) {
            return Error(Code::InvalidArgument, "AUT0205",
                         "an array element is selected by an integer");
        }
        if (*index >= 0 && static_cast<std::uint64_t>(*index) < array->size()) {
            return &(*array)[static_cast<std::size_t>(*index)];
        }
        return missing("the array has no element with the index: " + std::to_string(*index));
    }
    return Error(Code::InvalidArgument, "AUT0205", "only objects and arrays can be looked into");
}

const Value* find_property(const Object& object, std::string_view name) {
    if (const Value* exact = object.find(name)) {
        return exact;
    }
    for (const auto& [key, value] : object) {
        if (equals_ignore_case(key, name)) {
            return &value;
        }
    }
    return nullptr;
}

Status check_size(std::size_t bytes) {
    if (bytes > kValueBytesMax) {
        return Error(Code::ResourceExhausted, "AUT0206",
                     "the value of an expression exceeds 16 MiB");
    }
    return {};
}

}  // namespace expr

Template::Template() : root_(std::make_shared<expr::Node>()) {}
Template::Template(std::shared_ptr<const expr::Node> root) : root_(std::move(root)) {}
Template::Template(const Template& other) = default;
Template::Template(Template&& other) noexcept = default;
Template& Template::operator=(Template other) noexcept {
    root_.swap(other.root_);
    return *this;
}
Template::~Template() = default;

Result<Template> Template::compile(const Value& value) {
    QD_TRY(expr::Node node, expr::parse_value(value, 0));
    return Template(std::make_shared<const expr::Node>(std::move(node)));
}

Result<Template> Template::compile_condition(const Value& value) {
    QD_TRY(expr::Node node, expr::parse_condition(value, 0));
    return Template(std::make_shared<const expr::Node>(std::move(node)));
}

Result<Value> Template::evaluate(ExpressionContext& context) const {
    QD_TRY(expr::Operand operand, expr::evaluate(*root_, context));
    return std::move(operand).take();
}

Result<bool> Template::evaluate_condition(ExpressionContext& context) const {
    QD_TRY(const Value value, evaluate(context));
    if (const bool* b = value.if_bool()) {
        return *b;
    }
    return Error(Code::InvalidArgument, "AUT0204", "a condition must be true or false");
}

bool Template::constant() const {
    return root_->kind == expr::Node::Kind::Literal;
}

void Template::visit_calls(
    const std::function<void(const std::string&, const std::vector<const Value*>&)>& f) const {
    expr::visit(*root_, f);
}

std::unique_ptr<ExpressionContext> make_empty_context() {
    return std::make_unique<expr::EmptyContext>();
}

}  // namespace qd::automation
