// The grammar of the fleet language (PEGTL 3.2). Included by src/lang/parse.cpp alone, and by the test that analyses it.
//
// How to read it
// - A rule is named as the thing it matches. `want<E, …>` commits: what follows must match, or the error "expected E" is
//   raised and the nearest `recover<…>` goes on behind it. So nothing is abandoned once it was begun, and every
//   diagnostic stands for a path that was kept.
// - Rules that start with `wrong_` are error alternatives: the foreign spelling is reported and read as what was meant.
// - Operators are read flat, `operand { operator operand }`; the builder gives them their precedence (parse.cpp).
//   From loose to tight: or, and, not, == != <= >= < > (which do not chain), ??, + -, * / %, - before an operand.
// - A newline separates, except inside `( [`, after an operator, `=` or `,`, and before `then else or and ?? .`.
//   `gap` skips what separates nothing here, `wide` also newlines, `reach` newlines before a word that goes on.
//
// The words, gaps and combinators that it is made of are in grammar/terminals.hpp.
#pragma once

#include "grammar/terminals.hpp"

namespace muster::grammar {

// ---- words ----

template <typename Text>
struct keyword : p::seq<Text, p::not_at<ahead<word_goes_on>>> {};
struct kw_in : keyword<TAO_PEGTL_STRING("in")> {};
struct kw_for : keyword<TAO_PEGTL_STRING("for")> {};
struct kw_if : keyword<TAO_PEGTL_STRING("if")> {};
struct kw_then : keyword<TAO_PEGTL_STRING("then")> {};
struct kw_else : keyword<TAO_PEGTL_STRING("else")> {};
struct kw_or : keyword<TAO_PEGTL_STRING("or")> {};
struct kw_and : keyword<TAO_PEGTL_STRING("and")> {};
struct kw_not : keyword<TAO_PEGTL_STRING("not")> {};
struct kw_when : keyword<TAO_PEGTL_STRING("when")> {};
struct kw_where : keyword<TAO_PEGTL_STRING("where")> {};
struct kw_extends : keyword<TAO_PEGTL_STRING("extends")> {};
struct kw_version : keyword<TAO_PEGTL_STRING("version")> {};
struct kw_as : keyword<TAO_PEGTL_STRING("as")> {};
struct kw_locked : keyword<TAO_PEGTL_STRING("locked")> {};
struct kw_param : keyword<TAO_PEGTL_STRING("param")> {};
struct kw_let : keyword<TAO_PEGTL_STRING("let")> {};
struct kw_output : keyword<TAO_PEGTL_STRING("output")> {};
struct kw_require : keyword<TAO_PEGTL_STRING("require")> {};
struct kw_object : keyword<TAO_PEGTL_STRING("object")> {};
struct kw_patch : keyword<TAO_PEGTL_STRING("patch")> {};
struct kw_expect : keyword<TAO_PEGTL_STRING("expect")> {};
struct kw_error : keyword<TAO_PEGTL_STRING("error")> {};
struct kw_import : keyword<TAO_PEGTL_STRING("import")> {};
struct kw_const : keyword<TAO_PEGTL_STRING("const")> {};
struct kw_fn : keyword<TAO_PEGTL_STRING("fn")> {};
struct kw_type : keyword<TAO_PEGTL_STRING("type")> {};
struct kw_enum : keyword<TAO_PEGTL_STRING("enum")> {};
struct kw_kind : keyword<TAO_PEGTL_STRING("kind")> {};
struct kw_defaults : keyword<TAO_PEGTL_STRING("defaults")> {};
struct kw_waive : keyword<TAO_PEGTL_STRING("waive")> {};
struct kw_test : keyword<TAO_PEGTL_STRING("test")> {};

struct expression;
struct type_expression;
struct body;
struct value : want<Expected::value, expression> {};

/// `std.web`, without white space inside.
struct path : p::seq<name, p::star<p::one<'.'>, word>> {};

// ---- texts ----

struct quote : p::one<'"'> {};
struct space_or_end : p::sor<p::blank, p::one<'\n', '\r', '#'>, p::eof> {};

/// A text without escapes and interpolation: most are.
struct simple_string : p::seq<quote, plain_characters, quote> {};

struct string_chunk : p::plus<p::not_one<'"', '\\', '\n', '\r'>> {};
struct unicode_escape : p::seq<p::string<'u', '{'>, p::plus<p::xdigit>, p::one<'}'>> {};
struct string_escape : p::seq<p::one<'\\'>, p::sor<p::one<'n', 't', 'r', '"', '\\'>, unicode_escape>> {};
/// `\d` and the like: reported, and read as it stands.
struct wrong_escape : p::seq<p::one<'\\'>, p::not_one<'\n', '\r'>> {};
struct interpolation_open : p::string<'\\', '('> {};
struct interpolation_value : p::seq<value, gap, want<Expected::interpolation_end, p::one<')'>>> {};
struct interpolation : p::seq<interpolation_open, gap, interpolation_value> {};
struct line_interpolation : with_lines<Lines::none, interpolation> {};
struct string_open : quote {};
struct string : p::seq<string_open, p::star<p::sor<string_chunk, line_interpolation, string_escape, wrong_escape>>,
                       want<Expected::string_end, quote>> {};

struct wrong_block_escape : p::seq<p::one<'\\'>, p::any> {};
struct block_quote : p::string<'"', '"', '"'> {};
struct block_string_open : block_quote {};
struct block_string_chunk : p::plus<p::not_at<block_quote>, p::not_one<'\\'>> {};
struct block_interpolation : with_lines<Lines::skipped, interpolation> {};
struct block_string_close : block_quote {};
struct block_string : p::seq<block_string_open, p::star<p::sor<block_string_chunk, block_interpolation, string_escape, wrong_block_escape>>,
                             want<Expected::block_string_end, block_string_close>> {};

/// Texts that begin with the letter `r`.
struct raw_string
    : p::seq<p::string<'r', '"'>, p::star<p::not_one<'"', '\n', '\r'>>, want<Expected::raw_string_end, quote, p::not_at<quote>>> {};

struct any_string : p::seq<p::at<quote>, p::sor<block_string, simple_string, string>> {};
struct plain_text : p::sor<any_string, raw_string> {};

// ---- numbers and dates ----

struct two_digits : p::rep<2, p::digit> {};
struct zone : p::sor<p::one<'Z'>, p::seq<p::one<'+', '-'>, two_digits, p::one<':'>, two_digits>> {};
struct time_of_day : p::seq<p::one<'T'>, two_digits, p::one<':'>, two_digits, p::opt<p::one<':'>, two_digits>, p::opt<zone>> {};
struct literal_end : p::not_at<p::sor<ahead<word_goes_on>, p::one<'%'>, p::seq<p::one<'.'>, p::digit>>> {};
struct date_day : p::seq<p::rep<4, p::digit>, p::one<'-'>, two_digits, p::one<'-'>, two_digits> {};
struct date : p::seq<date_day, p::opt<time_of_day>, want<Expected::number_end, literal_end>> {};
/// `%` that touches a number is percent.
struct unit : p::sor<p::one<'%'>, p::plus<p::alpha>> {};
struct digits : p::seq<p::plus<p::digit>, p::opt<p::one<'.'>, p::plus<p::digit>>> {};
struct number : p::seq<digits, p::opt<unit>, want<Expected::number_end, literal_end>> {};

// ---- comprehensions ----

struct variable : name {};
struct comprehension_open : kw_for {};
struct comprehension_source : value {};
struct comprehension_condition : value {};
struct comprehension_key : value {};
struct comprehension_value : value {};
template <typename... Result>
struct comprehension
    : p::seq<comprehension_open, gap, want<Expected::name, variable>, p::opt<gap, p::one<','>, gap, want<Expected::name, variable>>, gap,
             want<Expected::in, kw_in>, gap, comprehension_source, gap, p::opt<kw_if, gap, comprehension_condition, gap>,
             want<Expected::colon, p::one<':'>>, gap, Result...> {};
/// `for` and a variable: in braces `for = 1` is a key.
struct comprehension_ahead : p::at<kw_for, p::plus<p::space>, name> {};

// ---- lists, braces, calls ----

struct list_open : p::success {};
struct list_item : p::seq<expression> {};
/// Where an element must stand: not at the end of the brackets, nor at that of the file or before a declaration.
struct element_ahead : p::not_at<p::sor<p::one<']', ')', '}', ',', '\n', '\r'>, p::eof>> {};
struct list_items : p::opt<element_ahead, want<Expected::value, list_item>, p::star<next_element<']'>, want<Expected::value, list_item>>> {
};
struct list_of_comprehension : p::seq<comprehension_ahead, comprehension<comprehension_value>> {};
struct list_of_items : p::seq<list_open, list_items> {};
struct list : bracketed<'[', ']', Lines::skipped, true, p::sor<list_of_comprehension, list_of_items>> {};

struct key_word : word {};
struct key_string : any_string {};
struct key_index : bracketed<'[', ']', Lines::skipped, false, value> {};
struct key_open : p::success {};
struct key_part : p::sor<key_word, key_string> {};
struct key : p::seq<key_open, key_part, p::star<p::sor<p::seq<p::one<'.'>, want<Expected::member, key_part>>, key_index>>> {};

/// `replicas: 3` and `replicas == 3` are read as `replicas = 3`.
struct wrong_colon : p::one<':'> {};
struct wrong_equality : p::seq<p::string<'=', '='>, p::opt<p::one<'='>>> {};
struct wrong_arrow : p::string<'=', '>'> {};
struct wrong_walrus : p::string<':', '='> {};
struct wrong_assignment : p::sor<wrong_walrus, wrong_colon, wrong_equality, wrong_arrow> {};
struct plain_assignment : p::seq<p::one<'='>, p::not_at<p::one<'=', '>'>>> {};

/// A statement or an entry ends at a newline, `,` or `}`. A forgotten separator is reported and read as there.
struct separator_ahead : p::at<p::sor<p::one<'\n', '\r', ',', '}', '#'>, p::eof>> {};
struct wrong_semicolon : p::plus<p::one<';'>> {};
struct slash_ahead : p::at<p::one<'/'>> {};
struct block_comment : p::seq<p::string<'/', '*'>, p::sor<p::until<p::string<'*', '/'>>, p::until<p::at<p::eolf>>>> {};
struct wrong_comment : p::sor<block_comment, p::seq<p::string<'/', '/'>, p::until<p::at<p::eolf>>>> {};
struct end_of_value
    : p::sor<separator_ahead,
             p::seq<gap, p::sor<separator_ahead, wrong_semicolon, wrong_comment, forgotten_separator, raise<Expected::end_of_value>>>> {};

struct entry
    : p::seq<key, gap, want<Expected::equals, p::sor<plain_assignment, wrong_assignment>>, wide, no_field_yet, value, end_of_value> {};
struct entry_ahead : p::not_at<p::sor<p::one<'}', '\n', '\r'>, p::eof>> {};
struct entries_open : p::success {};
struct entries : p::seq<entries_open, separators,
                        p::star<entry_ahead,
                                p::sor<p::seq<slash_ahead, wrong_comment>,
                                       recover<Skip::statement, p::sor<p::seq<ahead<starts_keyed>, entry>, raise<Expected::entry>>>>,
                                separators>> {};
struct braces_of_comprehension
    : with_lines<Lines::skipped, gap, comprehension_ahead,
                 comprehension<comprehension_key, gap, want<Expected::equals, p::one<'='>>, gap, comprehension_value>, gap> {};
struct braces_of_entries : entries {};
struct braces : bracketed<'{', '}', Lines::separate, false, p::sor<braces_of_comprehension, braces_of_entries>> {};

struct argument_name : name {};
struct wrong_argument_colon : p::one<':'> {};
struct named_argument : p::seq<argument_name, gap, p::sor<p::one<'='>, wrong_argument_colon>, wide, value> {};
struct positional_argument : p::seq<expression> {};
struct argument : p::if_then_else<ahead<starts_named>, named_argument, positional_argument> {};
struct call_open : p::success {};
struct call
    : bracketed<'(', ')', Lines::skipped, true, call_open,
                p::opt<element_ahead, want<Expected::value, argument>, p::star<next_element<')'>, want<Expected::value, argument>>>> {};

// ---- expressions ----

struct parentheses : bracketed<'(', ')', Lines::skipped, false, value> {};
struct primary : p::sor<any_string, raw_string, value_word, date, number, list, braces, parentheses> {};

struct member_word : word {};
struct member : p::seq<dot, want<Expected::member, member_word>> {};
struct index : bracketed<'[', ']', Lines::skipped, false, value> {};
struct at_name : name {};
struct at_environment : p::seq<p::one<'@'>, want<Expected::environment, at_name>> {};
struct postfix : p::seq<primary, p::star<postfix_ahead, p::sor<member, call, index, at_environment>>> {};

struct prefix_not : kw_not {};
struct prefix_minus : p::seq<p::one<'-'>, p::not_at<space_or_end>> {};
struct wrong_not : p::seq<p::one<'!'>, p::not_at<p::one<'='>>> {};
struct prefix : p::sor<p::seq<prefix_not, wide, no_field_yet>, prefix_minus, p::seq<wrong_not, gap>> {};
struct prefix_ahead : p::at<p::one<'n', '-', '!'>> {};
struct operand : p::sor<p::seq<prefix_ahead, p::plus<prefix>, want<Expected::value, postfix>>, postfix> {};

struct op_or : kw_or {};
struct op_and : kw_and {};
struct op_equal : p::string<'=', '='> {};
struct op_unequal : p::string<'!', '='> {};
struct op_less_equal : p::string<'<', '='> {};
struct op_greater_equal : p::string<'>', '='> {};
struct op_less : p::one<'<'> {};
struct op_greater : p::one<'>'> {};
struct op_coalesce : p::string<'?', '?'> {};
struct op_add : p::seq<p::one<'+'>, p::not_at<p::one<'=', '+'>>> {};
struct op_subtract : p::seq<behind_space, p::one<'-'>, p::at<space_or_end>> {};
struct op_multiply : p::seq<p::one<'*'>, p::not_at<p::one<'*', '/'>>> {};
struct op_divide : p::seq<p::one<'/'>, p::not_at<p::one<'/', '*'>>> {};
struct op_modulo : p::one<'%'> {};
struct wrong_and : p::string<'&', '&'> {};
struct wrong_or : p::string<'|', '|'> {};
struct wrong_equal : p::string<'=', '=', '='> {};
struct wrong_unequal : p::sor<p::string<'!', '=', '='>, p::string<'<', '>'>> {};
struct binary_operator : p::sor<op_or, op_and, wrong_equal, op_equal, wrong_unequal, op_unequal, op_less_equal, op_greater_equal, op_less,
                                op_greater, op_coalesce, op_add, op_subtract, op_multiply, op_divide, op_modulo, wrong_and, wrong_or> {};
struct operation : p::seq<operator_ahead, reach, binary_operator, wide, no_field_yet, want<Expected::value, operand>> {};
struct chain : chained<operand, p::star<operation>> {};

struct conditional
    : p::seq<kw_if, wide, value, reach, want<Expected::then, kw_then>, wide, value, reach, want<Expected::else_, kw_else>, wide, value> {};
struct expression : nested<p::sor<conditional, chain>> {};

// ---- types ----

struct type_open : p::success {};
struct type_path : path {};
struct type_optional : p::one<'?'> {};
struct type_arguments_open : p::success {};
struct type_arguments : bracketed<'(', ')', Lines::skipped, true, type_arguments_open, want<Expected::type, type_expression>,
                                  p::star<next_element<')'>, want<Expected::type, type_expression>>> {};
struct type_name : p::seq<type_path, p::opt<type_arguments>, p::opt<type_optional>> {};
struct type_alternatives : p::seq<type_open, type_name, p::star<gap, p::one<'|'>, wide, want<Expected::type, type_name>>> {};
struct type_expression : nested<type_alternatives> {};
struct type : want<Expected::type, type_expression> {};

struct field_name : name {};
struct field_type : type {};
struct field_value : value {};
struct typed_field
    : p::seq<field_name, gap, want<Expected::colon, p::one<':'>>, gap, field_type, p::opt<gap, plain_assignment, wide, field_value>> {};

// ---- statements ----

struct set : plain_assignment {};
struct add : p::string<'+', '='> {};
struct remove : p::string<'-', '='> {};
struct assignment : p::sor<set, add, remove, wrong_assignment> {};
/// A value that cannot be read leaves a field with a `bad` one: nobody will say that it is missing.
struct stmt_value : recover<Skip::value, wide, no_field_yet, value, end_of_value> {};
struct stmt_body : want<Expected::body, body> {};

struct stmt_key : key {};
struct locked : p::seq<kw_locked, p::plus<p::blank>, p::at<ahead<starts_keyed>>> {};
struct block : p::seq<p::at<p::one<'{'>>, stmt_body> {};
struct field : p::seq<want<Expected::assignment, assignment>, stmt_value> {};
struct keyed : p::seq<stmt_key, gap, p::sor<block, field>> {};

struct stmt_name : name {};
struct stmt_type : type {};
struct condition : value {};
struct message : value {};
struct in_name : name {};
struct in_open : kw_in {};
struct in_names : p::seq<want<Expected::environment, in_name>, p::star<gap, p::one<','>, wide, want<Expected::environment, in_name>>> {};
struct in : p::seq<in_open, gap, in_names, gap, stmt_body> {};

struct param_open : kw_param {};
struct param : p::seq<param_open, gap, want<Expected::name, stmt_name>, gap, want<Expected::colon, p::one<':'>>, gap, stmt_type,
                      p::sor<p::seq<gap, plain_assignment, stmt_value>, end_of_value>> {};
struct let_open : kw_let {};
struct let : p::seq<let_open, gap, want<Expected::name, stmt_name>, gap, p::opt<p::one<':'>, p::not_at<p::one<'='>>, gap, stmt_type, gap>,
                    want<Expected::equals, p::sor<plain_assignment, wrong_assignment>>, stmt_value> {};
struct output_open : kw_output {};
struct output : p::seq<output_open, gap, want<Expected::name, stmt_name>, gap, want<Expected::colon, p::one<':'>>, gap, stmt_type, gap,
                       want<Expected::equals, plain_assignment>, stmt_value> {};
struct require_open : kw_require {};
struct require : p::seq<require_open, gap, condition, reach, want<Expected::else_, kw_else>, wide, message, end_of_value> {};

struct for_open : kw_for {};
struct for_name : name {};
struct for_source : value {};
struct for_clause : p::seq<want<Expected::name, for_name>, gap, want<Expected::in, kw_in>, gap, for_source> {};
struct for_clauses : p::seq<for_clause, p::star<gap, p::one<','>, wide, for_clause>> {};
struct for_each : p::seq<for_open, gap, for_clauses, gap, p::opt<kw_if, gap, condition, gap>, stmt_body> {};

struct object_open : kw_object {};
struct label : plain_text {};
struct object
    : p::seq<object_open, gap, want<Expected::name, stmt_name>, gap, p::opt<label, gap>, p::opt<kw_when, gap, condition, gap>, stmt_body> {
};
struct patch_open : kw_patch {};
struct patch : p::seq<patch_open, gap, want<Expected::plain_text, label>, gap, p::opt<kw_when, gap, condition, gap>, stmt_body> {};

struct expect_open : kw_expect {};
struct expect_error
    : p::seq<p::at<kw_error, p::plus<p::blank>, name>, kw_error, p::plus<p::blank>, want<Expected::error_code, stmt_name>, end_of_value> {};
struct expect_value : p::seq<condition, end_of_value> {};
struct expect : p::seq<expect_open, gap, p::sor<expect_error, expect_value>> {};

struct entity;
struct entity_in_body : p::seq<p::at<entword, p::plus<p::blank>, name, p::star<p::blank>, p::one<':', '{'>>, entity> {};

struct statement_open : p::success {};
struct statement_end : p::success {};
/// `end_of_value` after a body is the same rule: the next statement stands on its own line or behind a comma.
struct with_body : p::seq<p::sor<in, for_each, object, patch, entity_in_body>, end_of_value> {};
struct keyword_statement
    : p::seq<p::at<p::one<'i', 'p', 'l', 'o', 'r', 'f', 'e', 'g', 't', 's', 'n'>>, p::sor<with_body, param, let, output, require, expect>> {
};
struct keyed_statement : p::seq<p::sor<ahead<starts_keyed>, locked>, keyed, end_of_value> {};
/// `else {` is no block called `else`.
struct wrong_else : p::seq<p::at<kw_else, p::star<p::blank>, p::one<'{'>>, raise<Expected::statement>> {};
struct statement
    : p::seq<statement_open, p::sor<wrong_else, keyed_statement, keyword_statement, raise<Expected::statement>>, statement_end> {};
struct statement_ahead : p::not_at<p::sor<p::one<'}', '\n', '\r'>, p::eof>> {};
struct body_open : p::success {};
struct statements
    : p::seq<body_open, separators,
             p::star<statement_ahead, p::sor<p::seq<slash_ahead, wrong_comment>, recover<Skip::statement, statement>>, separators>> {};
struct body : nested<bracketed<'{', '}', Lines::separate, false, statements>> {};

// ---- declarations ----

struct decl_name : name {};
struct decl_path : path {};
struct decl_alias : name {};
struct decl_type : type {};
struct decl_value : value {};
struct decl_text : want<Expected::plain_text, plain_text> {};
struct decl_body : want<Expected::body, body> {};
struct decl_entword : want<Expected::entity_word, entword> {};
struct wanted_name : want<Expected::entity_name, decl_name> {};

struct wrong_brace : p::plus<p::one<'}'>, p::star<p::blank>> {};
struct end_of_declaration : p::seq<p::star<p::blank>, p::sor<p::at<p::sor<p::one<'\n', '\r', '#'>, p::eof>>, wrong_semicolon, wrong_comment,
                                                             wrong_brace, raise<Expected::end_of_declaration>>> {};

struct import_version_text : want<Expected::plain_text, plain_text> {};
struct import_version : p::seq<kw_version, gap, import_version_text> {};
struct import_open : kw_import {};
struct import
    : p::seq<import_open, gap, decl_text, gap, p::opt<import_version, gap>, p::opt<kw_as, gap, want<Expected::name, decl_alias>>> {};

struct const_open : kw_const {};
struct const_ : p::seq<const_open, gap, wanted_name, gap, p::opt<p::one<':'>, p::not_at<p::one<'='>>, gap, decl_type, gap>,
                       want<Expected::equals, p::sor<plain_assignment, wrong_assignment>>, wide, decl_value> {};

struct fn_open : kw_fn {};
struct parameter : p::seq<typed_field> {};
struct parameters
    : bracketed<'(', ')', Lines::skipped, true, p::opt<parameter, p::star<next_element<')'>, want<Expected::name, parameter>>>> {};
struct fn : p::seq<fn_open, gap, wanted_name, gap, want<Expected::parameters, parameters>, gap, want<Expected::arrow, p::string<'-', '>'>>,
                   gap, decl_type, gap, want<Expected::equals, plain_assignment>, wide, decl_value> {};

struct type_decl_open : kw_type {};
struct record_field : p::seq<typed_field, end_of_value> {};
struct record_body : bracketed<'{', '}', Lines::separate, false, separators,
                               p::star<entry_ahead, recover<Skip::statement, want<Expected::type_field, record_field>>, separators>> {};
struct alias_open : plain_assignment {};
struct alias : p::seq<alias_open, wide, decl_type, p::opt<gap, kw_where, gap, decl_value>> {};
struct type_decl : p::seq<type_decl_open, gap, wanted_name, gap, want<Expected::type_body, p::sor<record_body, alias>>> {};

struct enum_open : kw_enum {};
struct enum_value : name {};
struct enum_body
    : bracketed<'{', '}', Lines::separate, false, separators,
                p::star<entry_ahead, recover<Skip::statement, want<Expected::enum_value, enum_value>, end_of_value>, separators>> {};
struct enum_ : p::seq<enum_open, gap, wanted_name, gap, want<Expected::body, enum_body>> {};

struct kind_open : kw_kind {};
struct kind_head : p::seq<kind_open, gap, wanted_name, gap, want<Expected::for_, kw_for>, gap, decl_entword, gap,
                          p::opt<kw_extends, gap, want<Expected::path, decl_path>, gap>, want<Expected::body, p::at<p::one<'{'>>>> {};
struct entity_open : entword {};
struct entity_head : p::seq<entity_open, gap, wanted_name, gap, p::opt<p::one<':'>, gap, want<Expected::path, decl_path>, gap>,
                            want<Expected::body, p::at<p::one<'{'>>>> {};
struct defaults_open : kw_defaults {};
struct defaults_head : p::seq<defaults_open, gap, decl_entword, gap, p::opt<p::one<':'>, gap, want<Expected::path, decl_path>, gap>,
                              p::opt<kw_for, gap, want<Expected::name, decl_alias>, gap>, want<Expected::body, p::at<p::one<'{'>>>> {};
struct waive_open : kw_waive {};
struct waive_head : p::seq<waive_open, gap, want<Expected::path, decl_path>, gap, want<Expected::for_, kw_for>, gap, decl_entword, gap,
                           wanted_name, gap, want<Expected::body, p::at<p::one<'{'>>>> {};
struct test_open : kw_test {};
struct test_head : p::seq<test_open, gap, decl_text, gap, want<Expected::body, p::at<p::one<'{'>>>> {};

struct decl_open : p::success {};
struct decl_end : p::success {};
/// After an error in a head its body is still read, if the line opens one.
template <typename Head>
struct headed : p::seq<decl_open, recover<Skip::head, Head>, p::opt<p::at<p::one<'{'>>, decl_body>, decl_end> {};
struct entity : headed<entity_head> {};
struct kind : headed<kind_head> {};
struct defaults : headed<defaults_head> {};
struct waive : headed<waive_head> {};
struct test : headed<test_head> {};
template <typename Declaration>
struct flat : p::seq<decl_open, Declaration, end_of_declaration, decl_end> {};

/// `servce cart : std.web {`: reported, and its body is read as a service's.
struct unknown_word : word {};
struct unknown_head
    : p::seq<unknown_word, p::plus<p::blank>, decl_name, gap, p::opt<p::one<':'>, gap, decl_path, gap>, p::at<p::one<'{'>>> {};
struct unknown_ahead : p::at<word, p::plus<p::blank>, name, p::star<p::blank>,
                             p::opt<p::one<':'>, p::star<p::blank>, path, p::star<p::blank>>, p::one<'{'>> {};
struct unknown : p::seq<unknown_ahead, decl_open, unknown_head, decl_body, decl_end> {};

struct declaration
    : p::seq<p::sor<p::seq<ahead<starts_field>, raise<Expected::declaration>>, p::seq<p::at<entword, p::plus<p::blank>>, entity>,
                    p::seq<p::at<kw_kind>, kind>, p::seq<p::at<kw_defaults>, defaults>, p::seq<p::at<kw_fn>, flat<fn>>,
                    p::seq<p::at<kw_const>, flat<const_>>, p::seq<p::at<kw_type>, flat<type_decl>>, p::seq<p::at<kw_enum>, flat<enum_>>,
                    p::seq<p::at<kw_import>, flat<import>>, p::seq<p::at<kw_waive>, waive>, p::seq<p::at<kw_test>, test>, unknown,
                    raise<Expected::declaration>>,
             end_of_declaration> {};

/// Declarations stand in column 1; one that does not is reported and read.
struct wrong_column : p::seq<p::not_at<behind_newline>, p::at<ahead<starts_declaration>>> {};
struct declaration_here : p::sor<wrong_comment, p::seq<p::opt<wrong_column>, recover<Skip::declaration, declaration>>> {};
struct byte_order_mark : p::string<'\xef', '\xbb', '\xbf'> {};
struct file : p::must<p::opt<byte_order_mark>, file_gap, p::star<p::not_at<p::eof>, declaration_here, file_gap>, p::eof> {};

/// One expression alone, for `muster eval`.
struct lone_end : want<Expected::end_of_value, p::eof> {};
struct lone_expression : recover<Skip::value, with_lines<Lines::skipped, gap, value, gap, lone_end>> {};

}  // namespace muster::grammar
