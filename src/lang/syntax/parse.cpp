#include "lang/syntax/parse.hpp"

#include <array>
#include <utility>

#include "grammar/fleet.hpp"
#include "lang/syntax/build.hpp"
#include "lang/syntax/lexemes.hpp"
#include "lang/syntax/parse_state.hpp"

static_assert(TAO_PEGTL_VERSION_MAJOR == 3, "the grammar is written for PEGTL 3.2");

namespace muster::lang {
namespace {

namespace g = muster::grammar;
namespace p = muster::grammar::p;
using syntax::Assign;
using syntax::DeclKind;
using syntax::EntityWord;
using syntax::ExprKind;
using syntax::Operator;
using syntax::Range;
using syntax::StmtKind;

/// What a rule that matched does to the tree; most rules do nothing.
template <typename Rule>
struct Action {};

#define MUSTER_ON(rule)                                              \
  template <>                                                        \
  struct Action<g::rule> {                                           \
    template <typename Input>                                        \
    static void apply(const Input& in, ParseState& st) {             \
      const Range range{st.offset(in.begin()), st.offset(in.end())}; \
      on(range, st);                                                 \
    }                                                                \
    static void on(Range range, ParseState& st);                     \
  };                                                                 \
  inline void Action<g::rule>::on([[maybe_unused]] Range range, [[maybe_unused]] ParseState& st)

// ---- texts ----

MUSTER_ON(simple_string) {
  const Range content{range.begin + 1, range.end - 1};
  st.check_text(content);
  st.build.string(range, content);
}
MUSTER_ON(raw_string) { st.build.string(range, {range.begin + 2, range.end - 1}); }
MUSTER_ON(string_open) { st.build.open_string(range.begin); }
MUSTER_ON(string_chunk) {
  st.check_text(range);
  st.build.piece(range);
}
MUSTER_ON(string_escape) {
  const auto decoded = decode_escape(st.text().substr(range.begin, range.end - range.begin));
  if (!decoded) st.report(st.errors.bad_escape(range.begin, range.end));
  st.build.piece(std::string_view(decoded.value_or("")));
}
MUSTER_ON(wrong_escape) {
  st.report(st.errors.bad_escape(range.begin, range.end));
  st.build.piece(range);
}
MUSTER_ON(wrong_block_escape) {
  st.report(st.errors.bad_escape(range.begin, range.end));
  st.build.piece(range);
}
MUSTER_ON(interpolation) { st.build.piece_value(); }
MUSTER_ON(string) { st.build.close_string(range.end); }
MUSTER_ON(block_string_open) { st.build.open_string(range.begin); }
MUSTER_ON(block_string_chunk) {
  st.check_text(range);
  st.build.piece(range);
}
MUSTER_ON(block_string) {
  std::vector<Builder::Piece> pieces = st.build.pieces();
  const std::optional<LayoutError> error = strip_indentation(st.text(), range.begin, range.end, pieces);
  if (error) st.report(st.errors.block_layout(error->where.begin, error->where.end, error->message, error->label));
  st.build.replace_pieces(pieces);
  st.build.close_string(range.end);
}

// ---- other literals and names ----

MUSTER_ON(date) {
  if (!is_valid_date(st.text().substr(range.begin, range.end - range.begin))) st.report(st.errors.no_such_date(range.begin, range.end));
  st.build.leaf(ExprKind::date, range);
}
MUSTER_ON(digits) {
  st.number_begin = range.begin;
  st.unit_begin = range.end;
}
MUSTER_ON(date_day) { st.number_begin = range.begin; }
MUSTER_ON(number) { st.build.number(range, st.unit_begin); }
MUSTER_ON(value_word) {
  const std::string_view word = st.text().substr(range.begin, range.end - range.begin);
  if (word == "true" || word == "false") {
    st.build.leaf(ExprKind::boolean, range, word == "true");
  } else {
    st.build.leaf(word == "none" ? ExprKind::none : word == "null" ? ExprKind::null : ExprKind::name, range);
  }
}

// ---- lists, braces, calls, members ----

MUSTER_ON(comprehension_open) { st.build.open_comprehension(); }
MUSTER_ON(variable) {
  syntax::Comprehension& comprehension = st.build.comprehension();
  (comprehension.first.empty() ? comprehension.first : comprehension.second) = range;
}
MUSTER_ON(comprehension_source) { st.build.comprehension().source = st.build.take_expr(); }
MUSTER_ON(comprehension_condition) { st.build.comprehension().condition = st.build.take_expr(); }
MUSTER_ON(comprehension_key) { st.build.comprehension().key = st.build.take_expr(); }
MUSTER_ON(comprehension_value) { st.build.comprehension().value = st.build.take_expr(); }
MUSTER_ON(list_open) { st.build.open_list(); }
MUSTER_ON(list_of_items) { st.build.list(range); }
MUSTER_ON(list_of_comprehension) { st.build.close_comprehension(ExprKind::list_for, range); }
MUSTER_ON(list) { st.build.set_range(range); }
MUSTER_ON(key_open) { st.build.open_key(); }
MUSTER_ON(key_word) { st.build.key_word(range); }
MUSTER_ON(key_string) { st.build.key_string(range); }
MUSTER_ON(key_index) { st.build.key_index(range); }
MUSTER_ON(key) { st.build.close_key(); }
MUSTER_ON(entries_open) { st.build.open_entries(); }
MUSTER_ON(entry) { st.build.entry(range); }
MUSTER_ON(braces_of_entries) { st.build.braces(range); }
MUSTER_ON(braces_of_comprehension) { st.build.close_comprehension(ExprKind::braces_for, range); }
MUSTER_ON(braces) { st.build.set_range(range); }
MUSTER_ON(call_open) { st.build.open_arguments(); }
MUSTER_ON(argument_name) { st.build.argument_name(range); }
MUSTER_ON(named_argument) { st.build.named_argument(); }
MUSTER_ON(positional_argument) { st.build.positional_argument(); }
MUSTER_ON(call) { st.build.call(range.end); }
MUSTER_ON(member_word) { st.build.member(range); }
MUSTER_ON(index) { st.build.index(range.end); }
MUSTER_ON(at_name) { st.build.at(range); }
MUSTER_ON(parentheses) { st.build.widen(range); }

// ---- operators ----

void join(Operator op, Range range, ParseState& st) {
  if (const auto earlier = st.build.binary(op, range)) st.report(st.errors.chained_comparison(earlier->begin, range.begin, range.end));
}

void join_foreign(Operator op, Range range, ParseState& st) {
  st.report(st.errors.foreign_operator(range.begin, range.end, syntax::to_string(op)));
  join(op, range, st);
}

MUSTER_ON(prefix_not) { st.build.prefix(Operator::logical_not, range.begin); }
MUSTER_ON(prefix_minus) { st.build.prefix(Operator::negate, range.begin); }
MUSTER_ON(wrong_not) {
  st.report(st.errors.foreign_operator(range.begin, range.end, "not"));
  st.build.prefix(Operator::logical_not, range.begin);
}
MUSTER_ON(op_or) { join(Operator::logical_or, range, st); }
MUSTER_ON(op_and) { join(Operator::logical_and, range, st); }
MUSTER_ON(op_equal) { join(Operator::equal, range, st); }
MUSTER_ON(op_unequal) { join(Operator::unequal, range, st); }
MUSTER_ON(op_less_equal) { join(Operator::less_equal, range, st); }
MUSTER_ON(op_greater_equal) { join(Operator::greater_equal, range, st); }
MUSTER_ON(op_less) { join(Operator::less, range, st); }
MUSTER_ON(op_greater) { join(Operator::greater, range, st); }
MUSTER_ON(op_coalesce) { join(Operator::coalesce, range, st); }
MUSTER_ON(op_add) { join(Operator::add, range, st); }
MUSTER_ON(op_subtract) { join(Operator::subtract, range, st); }
MUSTER_ON(op_multiply) { join(Operator::multiply, range, st); }
MUSTER_ON(op_divide) { join(Operator::divide, range, st); }
MUSTER_ON(op_modulo) { join(Operator::modulo, range, st); }
MUSTER_ON(wrong_and) { join_foreign(Operator::logical_and, range, st); }
MUSTER_ON(wrong_or) { join_foreign(Operator::logical_or, range, st); }
MUSTER_ON(wrong_equal) { join_foreign(Operator::equal, range, st); }
MUSTER_ON(wrong_unequal) { join_foreign(Operator::unequal, range, st); }
MUSTER_ON(conditional) { st.build.conditional(range); }

// ---- error alternatives ----

MUSTER_ON(wrong_assignment) { st.report(st.errors.assignment(range.begin, range.end)); }
MUSTER_ON(wrong_argument_colon) { st.report(st.errors.assignment(range.begin, range.end)); }
MUSTER_ON(wrong_semicolon) { st.report(st.errors.semicolon(range.begin, range.end)); }
MUSTER_ON(wrong_comment) { st.report(st.errors.foreign_comment(range.begin, range.end)); }
MUSTER_ON(wrong_brace) { st.report(st.errors.stray_brace(range.begin)); }
MUSTER_ON(wrong_column) { st.report(st.errors.wrong_column(range.begin)); }

// ---- types ----

MUSTER_ON(type_path) { st.build.type_path(range); }
MUSTER_ON(type_arguments_open) { st.build.open_type_arguments(); }
MUSTER_ON(type_arguments) { st.build.type_arguments(range.end); }
MUSTER_ON(type_optional) { st.build.type_optional(range.end); }
MUSTER_ON(type_open) { st.build.open_alternatives(); }
MUSTER_ON(type_alternatives) { st.build.alternatives(); }
MUSTER_ON(field_name) { st.build.open_field(range); }
MUSTER_ON(field_type) { st.build.field().type = st.build.take_type(); }
MUSTER_ON(field_value) { st.build.field().value = st.build.take_expr(); }
MUSTER_ON(typed_field) { st.build.field().range = range; }

// ---- statements ----

void assign(Assign op, ParseState& st) {
  st.build.statement().kind = StmtKind::field;
  st.build.statement().op = op;
}

MUSTER_ON(statement_open) { st.build.open_statement(range.begin); }
MUSTER_ON(statement_end) { st.build.close_statement(st.behind_blanks(range.end)); }
MUSTER_ON(locked) { st.build.statement().locked = true; }
MUSTER_ON(stmt_key) {
  st.build.close_key();
  st.build.statement().parts = st.build.take_key();
}
MUSTER_ON(set) { assign(Assign::set, st); }
MUSTER_ON(add) { assign(Assign::add, st); }
MUSTER_ON(remove) { assign(Assign::remove, st); }
MUSTER_ON(block) { st.build.statement().kind = StmtKind::block; }
MUSTER_ON(stmt_value) { st.build.statement().value = st.build.take_expr(); }
MUSTER_ON(stmt_body) { st.build.statement().body = st.build.take_body(); }
MUSTER_ON(stmt_name) { st.build.statement().name = range; }
MUSTER_ON(stmt_type) { st.build.statement().type = st.build.take_type(); }
MUSTER_ON(condition) { st.build.statement().value = st.build.take_expr(); }
MUSTER_ON(message) { st.build.statement().other = st.build.take_expr(); }
MUSTER_ON(label) { st.build.statement().other = st.build.take_expr(); }
MUSTER_ON(in_open) { st.build.statement().kind = StmtKind::in; }
MUSTER_ON(in_name) { st.build.name(range); }
MUSTER_ON(in_names) { st.build.take_names(st.build.statement().parts); }
MUSTER_ON(param_open) { st.build.statement().kind = StmtKind::param; }
MUSTER_ON(let_open) { st.build.statement().kind = StmtKind::let; }
MUSTER_ON(output_open) { st.build.statement().kind = StmtKind::output; }
MUSTER_ON(require_open) { st.build.statement().kind = StmtKind::require; }
MUSTER_ON(for_open) { st.build.statement().kind = StmtKind::for_each; }
MUSTER_ON(for_name) { st.build.clause(range); }
MUSTER_ON(for_source) { st.build.clause().source = st.build.take_expr(); }
MUSTER_ON(for_clauses) { st.build.take_clauses(st.build.statement().parts); }
MUSTER_ON(object_open) { st.build.statement().kind = StmtKind::object; }
MUSTER_ON(patch_open) { st.build.statement().kind = StmtKind::patch; }
MUSTER_ON(expect_open) { st.build.statement().kind = StmtKind::expect; }
MUSTER_ON(kw_error) { st.build.statement().kind = StmtKind::expect_error; }
MUSTER_ON(body_open) { st.build.open_body(); }
MUSTER_ON(body) { st.build.body(range); }

// ---- declarations ----

EntityWord entity_word_of(Range range, ParseState& st) {
  return static_cast<EntityWord>(g::entity_word(st.text().substr(range.begin, range.end - range.begin)));
}

void open(DeclKind kind, Range keyword, ParseState& st) {
  st.build.declaration().kind = kind;
  st.build.declaration().keyword = keyword;
}

/// Known before anything is evaluated: a text with an interpolation is refused.
syntax::ExprId take_plain(ParseState& st) {
  const Range range = st.build.top_range();
  if (st.build.top_kind() == ExprKind::interpolated) st.report(st.errors.interpolated(range.begin, range.end));
  return st.build.take_expr();
}

MUSTER_ON(decl_open) { st.build.open_declaration(range.begin); }
MUSTER_ON(decl_end) { st.build.close_declaration(st.errors.behind_last(range.end)); }
MUSTER_ON(entity_open) {
  open(DeclKind::entity, range, st);
  st.build.declaration().word = entity_word_of(range, st);
}
MUSTER_ON(kind_open) { open(DeclKind::kind, range, st); }
MUSTER_ON(defaults_open) { open(DeclKind::defaults, range, st); }
MUSTER_ON(waive_open) { open(DeclKind::waive, range, st); }
MUSTER_ON(test_open) { open(DeclKind::test, range, st); }
MUSTER_ON(import_open) { open(DeclKind::import_, range, st); }
MUSTER_ON(const_open) { open(DeclKind::const_, range, st); }
MUSTER_ON(fn_open) { open(DeclKind::fn, range, st); }
MUSTER_ON(type_decl_open) { open(DeclKind::record, range, st); }
MUSTER_ON(alias_open) { st.build.declaration().kind = DeclKind::alias; }
MUSTER_ON(enum_open) { open(DeclKind::enum_, range, st); }
MUSTER_ON(decl_name) { st.build.declaration().name = range; }
MUSTER_ON(decl_path) { st.build.declaration().path = range; }
MUSTER_ON(decl_alias) { st.build.declaration().alias = range; }
MUSTER_ON(decl_entword) { st.build.declaration().word = entity_word_of(range, st); }
MUSTER_ON(decl_type) { st.build.declaration().type = st.build.take_type(); }
MUSTER_ON(decl_value) { st.build.declaration().value = st.build.take_expr(); }
MUSTER_ON(decl_text) { st.build.declaration().text = take_plain(st); }
MUSTER_ON(import_version_text) { st.build.declaration().version = take_plain(st); }
MUSTER_ON(decl_body) { st.build.declaration().body = st.build.take_body(); }
MUSTER_ON(parameters) { st.build.take_fields(st.build.declaration().fields); }
MUSTER_ON(record_body) { st.build.take_fields(st.build.declaration().fields); }
MUSTER_ON(enum_value) { st.build.name(range); }
MUSTER_ON(enum_body) { st.build.take_names(st.build.declaration().parts); }
MUSTER_ON(unknown_word) {
  open(DeclKind::entity, range, st);
  st.report(st.errors.unknown_declaration(range.begin, range.end));
  st.build.damage();
}

#undef MUSTER_ON

/// Up to this many bytes a tree is built in memory that is kept, then copied out in pieces of the right size.
constexpr std::size_t kSmallText = std::size_t{64} << 10U;

void clear(syntax::Tree& tree) {
  tree.top.clear();
  tree.root = syntax::kNoExpr;
  tree.decls.clear();
  tree.bodies.clear();
  tree.stmts.clear();
  tree.exprs.clear();
  tree.expr_ids.clear();
  tree.arg_nodes.clear();
  tree.key_parts.clear();
  tree.entry_nodes.clear();
  tree.comprehensions.clear();
  tree.types.clear();
  tree.type_ids.clear();
  tree.typed_fields.clear();
  tree.for_clauses.clear();
  tree.names.clear();
  tree.decoded.clear();
  tree.docs.clear();
}

/// What a text of declarations comes to, so that a large one does not grow its tree step by step.
void reserve(syntax::Tree& tree, std::size_t bytes) {
  tree.exprs.reserve(bytes / 16);
  tree.stmts.reserve(bytes / 32);
  tree.key_parts.reserve(bytes / 32);
}

/// What a thread keeps from file to file.
struct Workshop {
  Builder builder;
  syntax::Tree tree;
};

template <typename Rule>
Parsed parse_as(diag::SourceId source, std::string_view text) {
  thread_local Workshop workshop;
  Parsed parsed;
  clear(workshop.tree);
  if (text.size() > kSmallText) reserve(workshop.tree, text.size());
  workshop.tree.source = source;
  workshop.tree.input = text;
  ParseState state(source, text, workshop.builder, workshop.tree, parsed.diagnostics);
  p::memory_input<p::tracking_mode::lazy, p::eol::lf_crlf, const char*> input(text.data(), text.data() + text.size(), "");
  try {
    static_cast<void>(p::parse<Rule, Action>(input, state));
    if constexpr (std::is_same_v<Rule, g::lone_expression>) workshop.tree.root = workshop.builder.take_expr();
  } catch (const ParseState::Abandon&) {
    parsed.diagnostics.add(state.errors.too_many(state.offset(input.current())));
  }
  state.finish();
  if (text.size() <= kSmallText) {
    parsed.tree = workshop.tree;
  } else {
    parsed.tree = std::move(workshop.tree);
  }
  return parsed;
}

}  // namespace

Parsed parse(diag::SourceId source, std::string_view text) { return parse_as<g::file>(source, text); }

Parsed parse_expression(diag::SourceId source, std::string_view text) { return parse_as<g::lone_expression>(source, text); }

}  // namespace muster::lang
