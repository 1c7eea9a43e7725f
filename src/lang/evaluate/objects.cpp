#include "lang/evaluate/objects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lang/text_forms.hpp"
#include "muster/model/patch.hpp"

namespace muster::lang {
namespace {

// Kinds without a namespace that a kind might emit; render knows them all, for objects whose kinds it reads.
constexpr std::string_view kClusterWide[] = {"APIService",
                                             "ClusterIssuer",
                                             "ClusterRole",
                                             "ClusterRoleBinding",
                                             "CustomResourceDefinition",
                                             "GatewayClass",
                                             "IngressClass",
                                             "MutatingWebhookConfiguration",
                                             "Namespace",
                                             "PersistentVolume",
                                             "PriorityClass",
                                             "RuntimeClass",
                                             "StorageClass",
                                             "ValidatingAdmissionPolicy",
                                             "ValidatingWebhookConfiguration",
                                             "VolumeSnapshotClass"};

bool is_cluster_wide(std::string_view kind) {
  return std::find(std::begin(kClusterWide), std::end(kClusterWide), kind) != std::end(kClusterWide);
}

class Emitter {
 public:
  Emitter(Evaluator& run, Frame& frame, bool has_renderer, diag::Diagnostics& out)
      : run_(run), frame_(frame), has_renderer_(has_renderer), out_(out) {}

  Emitted emit() {
    for (const ObjectCode& code : frame_.kind->objects) object(code);
    std::vector<const PatchCode*> patches;
    for (const PatchCode& code : frame_.kind->patches) patches.push_back(&code);
    const std::size_t of_kinds = patches.size();
    for (const PatchCode& code : frame_.entity->body.patches) {
      if (run_.program().covers(code.scope, frame_.environment)) patches.push_back(&code);
    }
    // Of the entity: plain, then groups, then the environment.
    std::stable_sort(patches.begin() + static_cast<std::ptrdiff_t>(of_kinds), patches.end(),
                     [](const PatchCode* a, const PatchCode* b) { return a->scope.kind < b->scope.kind; });
    check_places(patches);
    for (const PatchCode* code : patches) patch(*code);
    for (const model::ObjectTemplate& one : made_.objects) find_images(one.content, made_.images);
    std::sort(made_.images.begin(), made_.images.end());
    check_names();
    return std::move(made_);
  }

 private:
  void poison(const Cause* cause) {
    if (made_.poison == nullptr) made_.poison = cause;
  }
  diag::Diagnostic& error(diag::Span at, std::string_view code, const std::string& message) {
    poison(Program::cause(run_.arena(), message, at));
    diag::Diagnostic& said = out_.error(at, code, "{}", message);
    if (run_.program().file_of(at.source).library) said.also(frame_.entity->span, "for this service");
    return said;
  }
  bool holds(const Term* when) {
    if (when == nullptr) return true;
    const Datum value = run_.evaluate_in(&frame_, *when);
    if (value.poisoned()) poison(&value.cause());
    return !value.poisoned() && value.truth();
  }
  Datum own(std::string_view name) {
    const SlotId slot = frame_.kind->shape.find(name);
    return slot == kNoSlot ? Datum() : run_.slot(frame_, slot);
  }

  void object(const ObjectCode& code);
  void add_marks(Object& metadata, std::string_view key, const Datum& marks);
  void check_places(const std::vector<const PatchCode*>& patches);
  void patch(const PatchCode& code);
  bool lower(const PatchCode& code, model::Patch& patch);
  void apply(const PatchCode& code, const model::Patch& patch, model::ObjectTemplate& object);
  void check_names();

  Evaluator& run_;
  Frame& frame_;
  bool has_renderer_;
  diag::Diagnostics& out_;
  Emitted made_;
};

void Emitter::add_marks(Object& metadata, std::string_view key, const Datum& marks) {
  if (marks.poisoned()) return poison(&marks.cause());
  if (!marks.is(Tag::map) || marks.size == 0) return;
  Object all = *object_value(marks, run_.program()).if_object();
  // What the object itself says counts more than what all objects carry.
  if (const Value* said = metadata.find(key); said != nullptr && said->if_object() != nullptr) {
    for (const auto& [name, value] : *said->if_object()) all.set(name, value);
  }
  metadata.set(key, std::move(all));
}

void Emitter::object(const ObjectCode& code) {
  if (!holds(code.when)) return;
  const Datum name = code.name != nullptr ? run_.evaluate_in(&frame_, *code.name) : own("name");
  const Datum content = run_.evaluate_in(&frame_, *code.content);
  for (const Datum& value : {name, content}) {
    if (value.poisoned()) return poison(&value.cause());
  }
  if (name.late) {
    error(code.name_span, "F0704", "the name of an object may not hang from an image's value").label("late value");
    return;
  }
  const Datum* version = find(content, "apiVersion");
  if (version == nullptr || !version->is(Tag::text) || version->text().empty()) {
    error(code.name_span, "F0415", fmt::format("this {} has no `apiVersion`", code.kind)).label("needs `apiVersion = \"…\"`");
    return;
  }
  if (find(content, "kind") != nullptr) {
    error(code.name_span, "F0415", fmt::format("the kind of this {} is said twice", code.kind)).label("take `kind` out of the braces");
    return;
  }
  Object object;
  object.reserve(content.size + 2);
  object.append("apiVersion", version->text());
  object.append("kind", code.kind);
  Object metadata;
  metadata.append("name", name.text());
  if (!is_cluster_wide(code.kind)) {
    const Datum space = own("namespace");
    if (space.poisoned()) return poison(&space.cause());
    metadata.append("namespace", space.text());
  }
  if (const Datum* said = find(content, "metadata"); said != nullptr && said->is(Tag::map)) {
    const Value more = object_value(*said, run_.program());
    for (const auto& [key, value] : *more.if_object()) metadata.set(key, value);
  }
  add_marks(metadata, "labels", own("object_labels"));
  add_marks(metadata, "annotations", own("annotations"));
  object.append("metadata", std::move(metadata));
  for (std::size_t i = 0; i < content.pairs().size(); i += 2) {
    const std::string_view key = content.pairs()[i].text();
    if (key != "apiVersion" && key != "metadata") object.append(std::string(key), object_value(content.pairs()[i + 1], run_.program()));
  }
  made_.objects.push_back({std::move(object), code.span});
  made_.own.push_back(!code.library);
}

// ---- patches ----

std::vector<model::PatchStep> lower_path(const std::vector<PatchStepCode>& path) {
  std::vector<model::PatchStep> steps;
  for (const PatchStepCode& one : path) {
    model::PatchStep& step = steps.emplace_back();
    step.key = one.key;
    step.index = one.index;
    step.by = one.by == PatchStepCode::By::key
                  ? model::PatchStep::By::key
                  : (one.by == PatchStepCode::By::name ? model::PatchStep::By::name : model::PatchStep::By::index);
  }
  return steps;
}

bool same_path(const std::vector<PatchStepCode>& a, const std::vector<PatchStepCode>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PatchStepCode& x, const PatchStepCode& y) { return x.by == y.by && x.key == y.key && x.index == y.index; });
}

void Emitter::check_places(const std::vector<const PatchCode*>& patches) {
  for (std::size_t i = 0; i < patches.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const PatchCode& a = *patches[j];
      const PatchCode& b = *patches[i];
      if (a.body != b.body || a.scope.kind != b.scope.kind || a.target.kind != b.target.kind || a.target.name != b.target.name) continue;
      for (std::size_t x = 0; x < a.operations.size(); ++x) {
        for (std::size_t y = i == j ? x + 1 : 0; y < b.operations.size(); ++y) {
          const PatchOperationCode& first = a.operations[x];
          const PatchOperationCode& second = b.operations[y];
          if (!same_path(first.path, second.path) || (first.op != syntax::Assign::set && second.op != syntax::Assign::set)) continue;
          const std::string message = fmt::format("`{}` is patched twice at one place", model::path_text(lower_path(second.path)));
          error(second.span, "F0501", message)
              .label("second value")
              .also(first.span, "first value")
              .note("order never decides in fleet files; keep one of them");
        }
      }
    }
  }
}

bool Emitter::lower(const PatchCode& code, model::Patch& patch) {
  patch.kind = code.target.kind;
  patch.name = code.target.name;
  patch.span = code.span;
  for (const PatchOperationCode& one : code.operations) {
    const Datum value = run_.evaluate_in(&frame_, *one.value);
    if (value.poisoned()) {
      poison(&value.cause());
      return false;
    }
    model::PatchOperation& made = patch.operations.emplace_back();
    made.kind = one.op == syntax::Assign::set
                    ? model::PatchOperation::Kind::set
                    : (one.op == syntax::Assign::add ? model::PatchOperation::Kind::add : model::PatchOperation::Kind::remove);
    made.path = lower_path(one.path);
    made.drop = value.is(Tag::none);
    if (!made.drop) made.value = object_value(value, run_.program());
    made.span = one.span;
  }
  return true;
}

void Emitter::apply(const PatchCode& code, const model::Patch& patch, model::ObjectTemplate& object) {
  for (const model::PatchOperation& one : patch.operations) {
    if (const std::optional<std::string> wrong = model::apply(one, object.content)) {
      error(one.span, "F0414", fmt::format("this patch does not fit {}: {}", code.target.kind, *wrong))
          .label("cannot be done")
          .also(object.span, "the object");
      return;
    }
  }
}

void Emitter::patch(const PatchCode& code) {
  if (!holds(code.when)) return;
  model::Patch patch;
  if (!lower(code, patch)) return;
  std::vector<model::ObjectTemplate*> chosen;
  std::vector<std::string> names;
  for (model::ObjectTemplate& object : made_.objects) {
    const std::string_view kind = object.content.string_at("kind");
    const Value* metadata = object.content.find("metadata");
    const std::string_view name = metadata == nullptr ? std::string_view() : metadata->string_at("name");
    names.push_back(fmt::format("`{}/{}`", kind, name));
    if (model::names(patch, kind, name)) chosen.push_back(&object);
  }
  if (!code.library) made_.declared.push_back(patch);
  if (chosen.empty() && has_renderer_) {
    made_.patches.push_back(std::move(patch));
    return;
  }
  if (chosen.empty()) {
    auto& said = error(code.span, "F0414", fmt::format("the patch finds no {}{}{}", patch.kind, patch.name.empty() ? "" : "/", patch.name))
                     .label("nothing to patch");
    said.help(names.empty() ? "its kind emits no objects" : fmt::format("there is {}", fmt::join(names, ", ")));
    return;
  }
  if (chosen.size() > 1 && patch.name.empty()) {
    error(code.span, "F0414", fmt::format("the patch could mean several objects of kind {}", patch.kind))
        .label("which one?")
        .help(fmt::format("there is {}; `\"{}/*\"` means all of the kind", fmt::join(names, ", "), patch.kind));
    return;
  }
  for (model::ObjectTemplate* object : chosen) apply(code, patch, *object);
}

std::string folded_name(const Value& content) {
  const std::string_view version = content.string_at("apiVersion");
  const std::size_t slash = version.find('/');
  const Value* metadata = content.find("metadata");
  std::string text = fmt::format("{}/{}/{}/{}", slash == std::string_view::npos ? std::string_view() : version.substr(0, slash),
                                 content.string_at("kind"), metadata == nullptr ? std::string_view() : metadata->string_at("namespace"),
                                 metadata == nullptr ? std::string_view() : metadata->string_at("name"));
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

/// Files of objects are told apart by their names on any disk.
void Emitter::check_names() {
  std::vector<std::string> seen;
  for (const model::ObjectTemplate& object : made_.objects) {
    std::string name = folded_name(object.content);
    if (const auto found = std::find(seen.begin(), seen.end(), name); found != seen.end()) {
      const model::ObjectTemplate& other = made_.objects[static_cast<std::size_t>(found - seen.begin())];
      error(object.span, "F0417", fmt::format("two objects of `{}` have one name: {}", frame_.entity->name, name))
          .label("second one")
          .also(other.span, "first one");
    }
    seen.push_back(std::move(name));
  }
}

}  // namespace

void find_images(const Value& value, std::vector<std::string>& out) {
  if (const std::string* text = value.if_string()) {
    for (std::size_t at = text->find(model::kLateOpen); at != std::string::npos; at = text->find(model::kLateOpen, at + 1)) {
      const std::size_t end = text->find(model::kLateClose, at);
      std::string name = text->substr(at + 1, end - at - 1);
      if (name.starts_with("image.")) name.erase(0, 6);
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
    }
  } else if (const Array* list = value.if_array()) {
    for (const Value& item : *list) find_images(item, out);
  } else if (const Object* object = value.if_object()) {
    for (const auto& [key, member] : *object) find_images(member, out);
  }
}

Emitted emit_objects(Evaluator& run, Frame& frame, bool has_renderer, diag::Diagnostics& out) {
  return Emitter(run, frame, has_renderer, out).emit();
}

}  // namespace muster::lang
