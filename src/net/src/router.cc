// Routes are a tree over path segments: each node has its literal children, one child for a {name}
// and one for a {rest...}. Matching walks literal first and comes back to the name or the rest when
// the literal branch leads nowhere, so the most literal pattern wins whatever the order of add().
// Patterns are short, so the walk costs segments times at most three branches each.
#include "qd/net/router.h"

#include "qd/base/check.h"
#include "qd/codec/base64.h"

#include <algorithm>
#include <map>
#include <vector>

namespace qd::net {
namespace {

constexpr std::size_t kSegmentsMax = 64;

struct Route {
    HttpHandler handler;
    RouteOptions options;
};

struct Node {
    struct Literal {
        std::string text;
        bool ignore_case;
        std::unique_ptr<Node> node;
    };
    std::vector<Literal> literals;
    std::unique_ptr<Node> named;
    std::string name;  // of `named`
    std::unique_ptr<Node> rest;
    std::string rest_name;
    std::map<std::string, Route, std::less<>> methods;
};

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool escapes_are_sound(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' &&
            (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) {
            return false;
        }
    }
    return true;
}

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    if (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == path.npos) {
            break;
        }
        path.remove_prefix(slash + 1);
        if (path.empty()) {
            parts.push_back(path);
        }
    }
    return parts;
}

Error bad_path(std::string_view why) {
    return Error(Code::InvalidArgument, "NET0403", "bad path: " + std::string(why));
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Walks the tree over decoded segments.
class Match {
  public:
    Match(const std::vector<std::string>& segments, std::string_view method)
        : segments_(segments), method_(method) {}

    const Route* find(const Node& node, std::size_t at) {
        if (at == segments_.size()) {
            if (const Route* route = route_of(node); route != nullptr) {
                return route;
            }
        } else if (const Route* route = step(node, at); route != nullptr) {
            return route;
        }
        if (node.rest == nullptr) {
            return nullptr;
        }
        const Route* route = route_of(*node.rest);
        if (route != nullptr && !node.rest_name.empty()) {
            std::string text;
            for (std::size_t i = at; i < segments_.size(); ++i) {
                text += i == at ? "" : "/";
                text += segments_[i];
            }
            parameters.emplace_back(node.rest_name, std::move(text));
        }
        return route;
    }

    Parameters parameters;
    std::vector<std::string> other_methods;

  private:
    const Route* step(const Node& node, std::size_t at) {
        const std::string& segment = segments_[at];
        for (const Node::Literal& literal : node.literals) {
            const bool fits = literal.ignore_case ? equals_ignore_case(literal.text, segment)
                                                  : literal.text == segment;
            if (fits) {
                if (const Route* route = find(*literal.node, at + 1); route != nullptr) {
                    return route;
                }
            }
        }
        if (node.named == nullptr || segment.empty()) {
            return nullptr;
        }
        parameters.emplace_back(node.name, segment);
        const Route* route = find(*node.named, at + 1);
        if (route == nullptr) {
            parameters.pop_back();
        }
        return route;
    }

    const Route* route_of(const Node& node) {
        auto found = node.methods.find(method_);
        if (found == node.methods.end() && method_ == "HEAD") {
            found = node.methods.find("GET");
        }
        if (found == node.methods.end()) {
            found = node.methods.find("*");
        }
        if (found != node.methods.end()) {
            return &found->second;
        }
        for (const auto& [name, route] : node.methods) {
            other_methods.push_back(name);
            if (name == "GET") {
                other_methods.emplace_back("HEAD");
            }
        }
        return nullptr;
    }

    const std::vector<std::string>& segments_;
    std::string_view method_;
};

struct Outcome {
    const Route* route = nullptr;
    Parameters parameters;
    std::string allow;
};

Result<Outcome> look_up(const Node& root, std::string_view method, std::string_view path) {
    std::vector<std::string> segments;
    for (const std::string_view raw : split(path)) {
        if (!escapes_are_sound(raw)) {
            return bad_path("malformed escape");
        }
        segments.push_back(codec::url_decode(raw, false));
        const std::string& segment = segments.back();
        if (segment == "." || segment == ".." || segment.find('\0') != std::string::npos) {
            return bad_path("dot segment or NUL");
        }
        if (segments.size() > kSegmentsMax) {
            return bad_path("too many segments");
        }
    }
    Match match(segments, method);
    Outcome outcome;
    outcome.route = match.find(root, 0);
    outcome.parameters = std::move(match.parameters);
    auto& methods = match.other_methods;
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    for (const std::string& name : methods) {
        outcome.allow += outcome.allow.empty() ? "" : ", ";
        outcome.allow += name;
    }
    return outcome;
}

}  // namespace

struct Router::State {
    Node root;
    std::function<HttpResponse(const HttpRequest&, const Error&)> make_error;

    HttpResponse error_response(const HttpRequest& request, const Error& error, int status) const {
        if (make_error) {
            return make_error(request, error);
        }
        HttpResponse response = HttpResponse::of_error(error);
        response.status = status;
        return response;
    }
};

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Status Router::add(std::string_view method, std::string_view pattern, HttpHandler handler,
                   RouteOptions options) {
    const auto bad = [&](std::string_view why) {
        return Error(Code::InvalidArgument, "NET0404",
                     "bad route pattern, " + std::string(why) + ": " + std::string(pattern));
    };
    if (!pattern.starts_with('/') || method.empty() || !handler) {
        return bad("it needs a method, a leading slash and a handler");
    }
    Node* node = &state_->root;
    const std::vector<std::string_view> parts = split(pattern);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string_view part = parts[i];
        if (part.empty()) {
            return bad("empty segment");
        }
        if (part.front() != '{') {
            auto found = std::find_if(
                node->literals.begin(), node->literals.end(), [&](const Node::Literal& literal) {
                    return literal.text == part && literal.ignore_case == options.ignore_case;
                });
            if (found == node->literals.end()) {
                node->literals.push_back(
                    {std::string(part), options.ignore_case, std::make_unique<Node>()});
                found = std::prev(node->literals.end());
            }
            node = found->node.get();
            continue;
        }
        if (part.size() < 3 || part.back() != '}') {
            return bad("a name needs braces on both sides");
        }
        std::string_view name = part.substr(1, part.size() - 2);
        const bool is_rest = name.ends_with("...");
        if (is_rest) {
            name.remove_suffix(3);
            if (i + 1 != parts.size()) {
                return bad("a rest must come last");
            }
        }
        std::unique_ptr<Node>& child = is_rest ? node->rest : node->named;
        std::string& child_name = is_rest ? node->rest_name : node->name;
        if (child == nullptr) {
            child = std::make_unique<Node>();
            child_name = name;
        } else if (child_name != name) {
            return bad("the same place has another name in another route");
        }
        node = child.get();
    }
    if (!node->methods.try_emplace(std::string(method), Route{std::move(handler), options})
             .second) {
        return Error(Code::AlreadyExists, "NET0405",
                     "route is there already: " + std::string(method) + " " + std::string(pattern));
    }
    return {};
}

void Router::set_error_response(
    std::function<HttpResponse(const HttpRequest&, const Error&)> make) {
    state_->make_error = std::move(make);
}

void Router::handle(HttpRequest request, HttpReply reply) const {
    auto found = look_up(state_->root, request.method, request.path);
    if (!found.ok()) {
        reply.send(state_->error_response(request, found.error(), 400));
        return;
    }
    if (found->route != nullptr) {
        request.path_parameters = std::move(found->parameters);
        found->route->handler(std::move(request), std::move(reply));
        return;
    }
    if (found->allow.empty()) {
        const Error error(Code::NotFound, "NET0401", "no such resource: " + request.path);
        reply.send(state_->error_response(request, error, 404));
        return;
    }
    const Error error(Code::Unimplemented, "NET0402",
                      "method not allowed for this resource: " + request.method);
    HttpResponse response = state_->error_response(request, error, 405);
    response.status = 405;
    response.headers.set("Allow", found->allow);
    reply.send(std::move(response));
}

std::uint64_t Router::body_limit(const HttpRequest& head, std::uint64_t server_limit) const {
    auto found = look_up(state_->root, head.method, head.path);
    if (!found.ok() || found->route == nullptr || found->route->options.body_bytes_max == 0) {
        return server_limit;
    }
    return found->route->options.body_bytes_max;
}

}  // namespace qd::net
