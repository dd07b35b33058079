// GrammarConstraint: a grammar as the constraint of an answer: the tokens that lead on in it, and
// those that end an answer where the text may end.
//
// The tokens allowed in a state are found by one walk through the vocabulary's prefix tree and kept
// for the state. Where no token of the vocabulary leads on, the answer can only end. Immutable; any
// thread; its runs one thread each.
#pragma once

#include "core/llm/grammar/grammar.h"
#include "core/llm/grammar/token_trie.h"
#include "core/llm/token_constraint.h"

#include <memory>

namespace alcove::llm {

class GrammarConstraint final : public TokenConstraint
{
public:
    GrammarConstraint(std::shared_ptr<const Grammar> grammar,
                      std::shared_ptr<const TokenTrie> tokens);

    std::unique_ptr<ConstraintRun> begin() const override;

private:
    std::shared_ptr<const Grammar> m_grammar;
    std::shared_ptr<const TokenTrie> m_tokens;
};

} // namespace alcove::llm
