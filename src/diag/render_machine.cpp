#include <algorithm>
#include <set>

#include "muster/diag/catalogue.hpp"
#include "muster/diag/render.hpp"

namespace muster::diag {
namespace {

std::int64_t number(std::uint32_t value) { return value; }

void append_place(Object& out, Span span, const Sources& sources) {
  if (!span.known()) return;
  const Position begin = sources.position(span.source, span.begin);
  const Position end = sources.position(span.source, std::max(span.begin, span.end));
  out.append("path", sources.path(span.source));
  out.append("line", number(begin.line));
  out.append("column", number(begin.column));
  out.append("end_line", number(end.line));
  out.append("end_column", number(end.column));
  out.append("begin", number(span.begin));
  out.append("end", number(std::max(span.begin, span.end)));
}

std::string_view severity_of(const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error ? "error" : "warning"; }

Array texts(const std::vector<std::string>& all) { return {all.begin(), all.end()}; }

Value to_json(const Diagnostic& diagnostic, const Sources& sources) {
  Object out;
  out.append("code", diagnostic.code);
  out.append("severity", severity_of(diagnostic));
  out.append("message", diagnostic.message);
  append_place(out, diagnostic.primary.span, sources);
  out.append("label", diagnostic.primary.text);
  Array labels;
  for (const Label& label : diagnostic.secondary) {
    Object one;
    append_place(one, label.span, sources);
    one.append("label", label.text);
    labels.emplace_back(std::move(one));
  }
  out.append("labels", std::move(labels));
  out.append("notes", texts(diagnostic.notes));
  out.append("helps", texts(diagnostic.helps));
  Array fixes;
  for (const Fix& fix : diagnostic.fixes) {
    Object one;
    one.append("title", fix.title);
    one.append("text", fix.text);
    append_place(one, fix.span, sources);
    fixes.emplace_back(std::move(one));
  }
  out.append("fixes", std::move(fixes));
  return out;
}

Object sarif_text(std::string_view text) { return {{"text", text}}; }

Object sarif_region(Span span, const Sources& sources) {
  const Position begin = sources.position(span.source, span.begin);
  const Position end = sources.position(span.source, std::max(span.begin, span.end));
  return {{"startLine", number(begin.line)},
          {"startColumn", number(begin.column)},
          {"endLine", number(end.line)},
          {"endColumn", number(end.column)}};
}

Object sarif_file(Span span, const Sources& sources) { return {{"uri", sources.path(span.source)}}; }

Value sarif_location(const Label& label, const Sources& sources) {
  Object out = {
      {"physicalLocation", Object{{"artifactLocation", sarif_file(label.span, sources)}, {"region", sarif_region(label.span, sources)}}}};
  if (!label.text.empty()) out.append("message", sarif_text(label.text));
  return out;
}

/// SARIF wants what is deleted and inserted, file by file; each of our fixes touches one place.
Value sarif_fix(const Fix& fix, const Sources& sources) {
  const Object replacement = {{"deletedRegion", sarif_region(fix.span, sources)}, {"insertedContent", sarif_text(fix.text)}};
  const Object change = {{"artifactLocation", sarif_file(fix.span, sources)}, {"replacements", Array{replacement}}};
  return Object{{"description", sarif_text(fix.title)}, {"artifactChanges", Array{change}}};
}

Value sarif_result(const Diagnostic& diagnostic, const Sources& sources) {
  std::string text = diagnostic.message;
  for (const std::string& help : diagnostic.helps) text += "\n" + help;
  Object out = {{"ruleId", diagnostic.code}, {"level", severity_of(diagnostic)}, {"message", sarif_text(text)}};
  if (!diagnostic.primary.span.known()) return out;
  out.append("locations", Array{sarif_location(diagnostic.primary, sources)});
  Array related;
  for (const Label& label : diagnostic.secondary) {
    if (label.span.known()) related.push_back(sarif_location(label, sources));
  }
  if (!related.empty()) out.append("relatedLocations", std::move(related));
  Array fixes;
  for (const Fix& fix : diagnostic.fixes) {
    if (fix.span.known()) fixes.push_back(sarif_fix(fix, sources));
  }
  if (!fixes.empty()) out.append("fixes", std::move(fixes));
  return out;
}

Array sarif_rules(const Diagnostics& diagnostics) {
  std::set<std::string_view> codes;
  for (const Diagnostic& diagnostic : diagnostics.all()) codes.insert(diagnostic.code);
  Array rules;
  for (const std::string_view code : codes) {
    Object rule = {{"id", code}};
    if (const Page* page = find_page(code)) {
      rule.append("shortDescription", sarif_text(page->title));
      rule.append("help", Object{{"text", page->text}, {"markdown", page->text}});
    }
    rules.emplace_back(std::move(rule));
  }
  return rules;
}

}  // namespace

Value to_json(const Diagnostics& diagnostics, const Sources& sources) {
  Array out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out.push_back(to_json(diagnostic, sources));
  return out;
}

Value to_sarif(const Diagnostics& diagnostics, const Sources& sources, std::string_view version) {
  Array results;
  for (const Diagnostic& diagnostic : diagnostics.all()) results.push_back(sarif_result(diagnostic, sources));
  const Object driver = {{"name", "muster"}, {"version", version}, {"rules", sarif_rules(diagnostics)}};
  const Object run = {{"tool", Object{{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", std::move(results)}};
  return Object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", Array{run}}};
}

}  // namespace muster::diag
