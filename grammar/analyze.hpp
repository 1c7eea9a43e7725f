// What PEGTL's analyze() must know of the rules in grammar/terminals.hpp: which ones always consume when they match.
// For the test that proves the grammar free of left recursion and of loops that go nowhere.
#pragma once

#include <tao/pegtl/contrib/analyze.hpp>

#include "grammar/fleet.hpp"

namespace TAO_PEGTL_NAMESPACE {

// What analyze() must know of the terminals and combinators above: which ones always consume when they match.
template <typename Name>
struct analyze_traits<Name, muster::grammar::gap> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::wide> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::reach> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::separators> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::file_gap> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::plain_characters> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::postfix_ahead> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::operator_ahead> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::no_field_yet> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::behind_space> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::behind_newline> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::forgotten_separator> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::word> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::name> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::value_word> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::entword> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, muster::grammar::dot> : analyze_any_traits<> {};
template <typename Name, bool (*Test)(const char*, const char*)>
struct analyze_traits<Name, muster::grammar::ahead<Test>> : analyze_opt_traits<> {};
template <typename Name, muster::grammar::Expected What>
struct analyze_traits<Name, muster::grammar::raise<What>> : analyze_any_traits<> {};
template <typename Name, char Close>
struct analyze_traits<Name, muster::grammar::next_element<Close>> : analyze_opt_traits<> {};
template <typename Name, muster::grammar::Lines Mode, typename... Rules>
struct analyze_traits<Name, muster::grammar::with_lines<Mode, Rules...>> : analyze_traits<Name, typename seq<Rules...>::rule_t> {};
template <typename Name, char Open, char Close, muster::grammar::Lines Mode, bool Trailing, typename... Rules>
struct analyze_traits<Name, muster::grammar::bracketed<Open, Close, Mode, Trailing, Rules...>>
    : analyze_traits<Name, typename seq<one<Open>, Rules...>::rule_t> {};
template <typename Name, muster::grammar::Skip How, typename... Rules>
struct analyze_traits<Name, muster::grammar::recover<How, Rules...>> : analyze_traits<Name, typename seq<Rules...>::rule_t> {};
template <typename Name, typename... Rules>
struct analyze_traits<Name, muster::grammar::nested<Rules...>> : analyze_traits<Name, typename seq<Rules...>::rule_t> {};
template <typename Name, typename... Rules>
struct analyze_traits<Name, muster::grammar::chained<Rules...>> : analyze_traits<Name, typename seq<Rules...>::rule_t> {};

}  // namespace TAO_PEGTL_NAMESPACE
