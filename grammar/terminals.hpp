// What the grammar is made of: words, gaps that know what a newline means, brackets that know where they were opened,
// commitment (`want`) and recovery (`recover`). Plain PEGTL rules with a match() of their own; what PEGTL's analyze() must
// know of them is in grammar/analyze.hpp.
//
// The state they use is lang::ParseState (src/lang/parse_state.hpp).
#pragma once

#include <tao/pegtl.hpp>

#include "grammar/expected.hpp"
#include "grammar/scan.hpp"

namespace muster::grammar {

namespace p = tao::pegtl;

// ---- terminals ----

#define MUSTER_MATCH                                                                                                                      \
  template <p::apply_mode A, p::rewind_mode M, template <typename...> class Action, template <typename...> class Control, typename Input, \
            typename State>

/// Skips what separates nothing here.
struct gap {
  using rule_t = gap;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const at = in.current();
    const char* const to =
        st.lines == Lines::skipped ? skip_lines(at, in.end(), [&](const char* c) { st.saw_documentation(c); }) : skip_blanks(at, in.end());
    in.bump(static_cast<std::size_t>(to - at));
    return true;
  }
};

/// After an operator, `=` or `,`: newlines are white space, but for texts of one line.
struct wide {
  using rule_t = wide;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const at = in.current();
    const char* const to =
        st.lines == Lines::none ? skip_blanks(at, in.end()) : skip_lines(at, in.end(), [&](const char* c) { st.saw_documentation(c); });
    in.bump(static_cast<std::size_t>(to - at));
    return true;
  }
};

/// A gap, and newlines too where the next line goes on with this value.
struct reach {
  using rule_t = reach;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const at = in.current();
    const char* const end = in.end();
    const char* to = skip_blanks(at, end);
    if (to != end && (is_newline(*to) || *to == '#') && st.lines != Lines::none) {
      const char* const next = st.next_token(to, end);
      if (st.lines == Lines::skipped || continues_value(next, end)) to = next;
    }
    in.bump(static_cast<std::size_t>(to - at));
    return true;
  }
};

/// Between statements and entries: blanks, newlines, commas, comments.
struct separators {
  using rule_t = separators;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const begin = in.current();
    const char* at = begin;
    for (;;) {
      at = st.lines == Lines::none ? skip_blanks(at, in.end()) : skip_lines(at, in.end(), [&](const char* c) { st.saw_documentation(c); });
      if (at == in.end() || *at != ',') break;
      ++at;
    }
    in.bump(static_cast<std::size_t>(at - begin));
    return true;
  }
};

/// Any word, keywords too.
struct word {
  using rule_t = word;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    const char* const to = word_end(in.current(), in.end());
    const bool found = to != in.current();
    in.bump(static_cast<std::size_t>(to - in.current()));
    return found;
  }
};

/// A word that is not reserved.
struct name {
  using rule_t = name;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    const std::string_view found = word_at(in.current(), in.end());
    if (found.empty() || is_reserved(found)) return false;
    in.bump(found.size());
    return true;
  }
};

/// A word that can stand as a value: a name, or `true false none null`.
struct value_word {
  using rule_t = value_word;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    const std::string_view found = word_at(in.current(), in.end());
    if (found.empty() || (is_reserved(found) && !is_literal_word(found))) return false;
    in.bump(found.size());
    return true;
  }
};

/// An entity word; which one, the action reads again.
struct entword {
  using rule_t = entword;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    const std::string_view found = word_at(in.current(), in.end());
    if (entity_word(found) < 0) return false;
    in.bump(found.size());
    return true;
  }
};

/// The inside of a text up to its quote, an escape or the line's end.
struct plain_characters {
  using rule_t = plain_characters;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    const char* at = in.current();
    const char* const end = in.end();
    while (at != end && *at != '"' && *at != '\\' && !is_newline(*at)) ++at;
    in.bump(static_cast<std::size_t>(at - in.current()));
    return true;
  }
};

/// A look ahead: `Test(at, end)`, nothing consumed.
template <bool (*Test)(const char*, const char*)>
struct ahead {
  using rule_t = ahead;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) { return Test(in.current(), in.end()); }
};

/// True behind a blank or a newline: binary `-` has a space on both sides.
struct behind_space {
  using rule_t = behind_space;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    return in.current() != in.begin() && (is_blank(in.current()[-1]) || is_newline(in.current()[-1]));
  }
};

/// No other byte before a declaration is that one: comments and texts end with their lines.
inline constexpr char kLastOfByteOrderMark = '\xbf';

struct behind_newline {
  using rule_t = behind_newline;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& /*st*/) {
    return in.current() == in.begin() || is_newline(in.current()[-1]) || in.current()[-1] == kLastOfByteOrderMark;
  }
};

/// Before a value that may stand on the next line: where that line begins a field of its own, the value is missing.
struct no_field_yet {
  using rule_t = no_field_yet;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    if (st.lines != Lines::separate) return true;
    const char* at = in.current();
    while (at != in.begin() && is_blank(at[-1])) --at;
    if (at != in.begin() && is_newline(at[-1]) && starts_assignment(in.current(), in.end())) st.missing_value(in.current());
    return true;
  }
};

/// The `.` of a member, also on the next line.
struct dot {
  using rule_t = dot;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const at = in.current();
    const char* const end = in.end();
    if (at == end) return false;
    const char* to = at;
    if (*at != '.') {
      if (st.lines == Lines::none || !(is_blank(*at) || is_newline(*at) || *at == '#')) return false;
      to = skip_blanks(at, end);
      if (to != end && (is_newline(*to) || *to == '#')) to = st.next_token(to, end);
      if (to == end || *to != '.' || !continues_value(to, end)) return false;
    }
    in.bump(static_cast<std::size_t>(to + 1 - at));
    return true;
  }
};

/// Between declarations.
struct file_gap {
  using rule_t = file_gap;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const begin = in.current();
    const char* at = begin;
    for (const char* before = nullptr; before != at;) {
      before = at;
      at = skip_lines(at, in.end(), [&](const char* c) { st.saw_documentation(c); });
      if (at != in.end() && is_newline(*at)) at = next_line(at, in.end());
    }
    in.bump(static_cast<std::size_t>(at - begin));
    return true;
  }
};

/// True where the next statement begins although no separator stands before it; the state reports that.
struct forgotten_separator {
  using rule_t = forgotten_separator;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) { return st.missing_separator(in.current(), in.end()); }
};

/// Nearly every operand is followed by neither a member, a call nor an operator. These two see that at one glance; the
/// rules behind them decide.
struct postfix_ahead {
  using rule_t = postfix_ahead;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    if (in.empty()) return false;
    const char c = *in.current();
    if (c == '.' || c == '(' || c == '[' || c == '@') return true;
    return (is_blank(c) || is_newline(c) || c == '#') && st.goes_on(in.current(), in.end()) == '.';
  }
};

struct operator_ahead {
  using rule_t = operator_ahead;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) { return could_be_operator(st.goes_on(in.current(), in.end())); }
};

// ---- combinators ----

/// Raises the error "expected What" here.
template <Expected What>
struct raise {
  using rule_t = raise;
  using subs_t = p::type_list<>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    st.raise(What, in.current());
    return false;
  }
};

template <Expected What, typename... Rules>
struct want : p::sor<p::seq<Rules...>, raise<What>> {};

/// `Rules` with newlines meaning `Mode`; inside a text of one line it stays that.
template <Lines Mode, typename... Rules>
struct with_lines {
  using rule_t = with_lines;
  using subs_t = p::type_list<Rules...>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const Lines before = st.lines;
    if (before != Lines::none) st.lines = Mode;
    const bool matched = p::seq<Rules...>::template match<A, p::rewind_mode::required, Action, Control>(in, st);
    st.lines = before;
    return matched;
  }
};

/// `Open Rules Close`, with gaps and, before `Close`, one comma where `Trailing`. Knows where it was opened.
template <char Open, char Close, Lines Mode, bool Trailing, typename... Rules>
struct bracketed {
  using rule_t = bracketed;
  using subs_t = p::type_list<p::one<Open>, gap, p::seq<Rules...>>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    if (in.empty() || *in.current() != Open) return false;
    const char* const open = in.current();
    in.bump(1);
    const Lines before = st.lines;
    if (before != Lines::none) st.lines = Mode;
    const auto space = [&] { return gap::match<A, M, Action, Control>(in, st); };
    const char* const first = grammar::skip_blanks(open + 1, in.end());
    bool matched = space() && p::seq<Rules...>::template match<A, p::rewind_mode::required, Action, Control>(in, st) && space();
    if (Trailing && matched && !in.empty() && *in.current() == ',' && in.current() != first) {
      in.bump(1);
      matched = space();
    }
    st.lines = before;
    if (!matched || in.empty() || *in.current() != Close) {
      // A brace that a new declaration or the file's end cuts short counts as closed there: what it holds was read.
      st.unclosed(open, in.current());
      return true;
    }
    if constexpr (Open == '{') st.closed(open, in.current());
    in.bump(1);
    return true;
  }
};

/// On to the next element of a list, over its comma; a forgotten comma is reported and read as there.
template <char Close>
struct next_element {
  using rule_t = next_element;
  using subs_t = p::type_list<p::one<','>>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    if (!gap::match<A, M, Action, Control>(in, st) || in.empty()) return false;
    const char* const at = in.current();
    if (*at == ',') {
      in.bump(1);
      return gap::match<A, M, Action, Control>(in, st) && !in.empty() && *in.current() != Close;
    }
    if (*at == Close || !starts_operand(at, in.end()) || !st.missing_comma(at)) return false;
    return true;
  }
};

/// `Rules`, or after an error in them: report, forget what was built, skip, go on.
template <Skip How, typename... Rules>
struct recover {
  using rule_t = recover;
  using subs_t = p::type_list<Rules...>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const char* const begin = in.current();
    const char* to = begin;
    const auto checkpoint = st.checkpoint();
    const Lines lines = st.lines;
    {
      auto marker = in.template mark<p::rewind_mode::required>();
      try {
        return marker(p::seq<Rules...>::template match<A, M, Action, Control>(in, st));
      } catch (const typename State::Stop& stop) {
        st.lines = lines;
        st.roll_back(How, checkpoint, begin);
        to = st.recover(How, begin, stop, in.end());
      }
    }
    // The marker has put the input back to where it began.
    in.bump(static_cast<std::size_t>(to - begin));
    return true;
  }
};

/// One level deeper; the state raises an error where it gets too deep.
template <typename... Rules>
struct nested {
  using rule_t = nested;
  using subs_t = p::type_list<Rules...>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    st.enter(in.current());
    const bool matched = p::seq<Rules...>::template match<A, M, Action, Control>(in, st);
    st.leave();
    return matched;
  }
};

/// An operand with the operators behind it, joined by precedence when all are read.
template <typename... Rules>
struct chained {
  using rule_t = chained;
  using subs_t = p::type_list<Rules...>;
  MUSTER_MATCH [[nodiscard]] static bool match(Input& in, State& st) {
    const auto mark = st.open_chain();
    const bool matched = p::seq<Rules...>::template match<A, M, Action, Control>(in, st);
    st.close_chain(mark, matched, in.current());
    return matched;
  }
};

#undef MUSTER_MATCH

}  // namespace muster::grammar
