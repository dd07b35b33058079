#include "app/markdown/block_builder.h"

#include "app/markdown/safe_markup.h"

#include <QCoreApplication>

#include <md4c.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace alcove::markdown {

namespace {

constexpr int kMaxCells = 10'000; // md4c fills short rows up: a small text could ask for millions
constexpr int kMaxDepth = 8; // deeper lists and quotations are shown at this depth

struct List {
    bool ordered = false;
    bool tight = false;
    unsigned number = 1;
    QChar delimiter = QLatin1Char('.');
};

class Builder
{
public:
    QVector<Block> take()
    {
        closeLeaf();
        return std::move(m_blocks);
    }

    int enterBlock(MD_BLOCKTYPE type, void *detail)
    {
        switch (type) {
        case MD_BLOCK_QUOTE:
            closeLeaf();
            ++m_quoteDepth;
            break;
        case MD_BLOCK_UL:
            closeLeaf();
            m_lists.append(
                {false, static_cast<MD_BLOCK_UL_DETAIL *>(detail)->is_tight != 0, 1, {}});
            break;
        case MD_BLOCK_OL: {
            closeLeaf();
            const auto *list = static_cast<MD_BLOCK_OL_DETAIL *>(detail);
            m_lists.append(
                {true, list->is_tight != 0, list->start, QLatin1Char(list->mark_delimiter)});
            break;
        }
        case MD_BLOCK_LI:
            enterItem(*static_cast<MD_BLOCK_LI_DETAIL *>(detail));
            break;
        case MD_BLOCK_HR:
            openLeaf(BlockType::Rule);
            closeLeaf();
            break;
        case MD_BLOCK_H:
            openLeaf(BlockType::Heading);
            m_leaf.level = int(static_cast<MD_BLOCK_H_DETAIL *>(detail)->level);
            break;
        case MD_BLOCK_CODE:
            openLeaf(BlockType::Code);
            m_leaf.language = attribute(static_cast<MD_BLOCK_CODE_DETAIL *>(detail)->lang).left(40);
            break;
        case MD_BLOCK_P:
            openLeaf(BlockType::Paragraph);
            break;
        case MD_BLOCK_TABLE:
            openLeaf(BlockType::Table);
            break;
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            return enterCell(*static_cast<MD_BLOCK_TD_DETAIL *>(detail), type == MD_BLOCK_TH);
        default:
            break;
        }
        return 0;
    }

    void leaveBlock(MD_BLOCKTYPE type)
    {
        switch (type) {
        case MD_BLOCK_QUOTE:
            closeLeaf();
            --m_quoteDepth;
            break;
        case MD_BLOCK_UL:
        case MD_BLOCK_OL:
            closeLeaf();
            m_lists.removeLast();
            break;
        case MD_BLOCK_LI:
            if (!m_marker.isEmpty() || m_task != TaskState::None)
                openLeaf(BlockType::Paragraph); // an item without text still shows its marker
            closeLeaf();
            break;
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            m_leaf.cells.append(std::exchange(m_inline, {}));
            break;
        case MD_BLOCK_H:
        case MD_BLOCK_CODE:
        case MD_BLOCK_P:
        case MD_BLOCK_TABLE:
            closeLeaf();
            break;
        default:
            break;
        }
    }

    void enterSpan(MD_SPANTYPE type, void *detail)
    {
        ensureLeaf();
        switch (type) {
        case MD_SPAN_EM:
            m_inline += QLatin1String("<i>");
            break;
        case MD_SPAN_STRONG:
            m_inline += QLatin1String("<b>");
            break;
        case MD_SPAN_DEL:
            m_inline += QLatin1String("<s>");
            break;
        case MD_SPAN_CODE:
            m_inline += QLatin1String("<code>");
            break;
        case MD_SPAN_A:
            openLink(attribute(static_cast<MD_SPAN_A_DETAIL *>(detail)->href));
            break;
        case MD_SPAN_IMG:
            openLink(attribute(static_cast<MD_SPAN_IMG_DETAIL *>(detail)->src));
            m_inline += escaped(QCoreApplication::translate("Markdown", "Picture: "));
            break;
        default:
            break;
        }
    }

    void leaveSpan(MD_SPANTYPE type)
    {
        switch (type) {
        case MD_SPAN_EM:
            m_inline += QLatin1String("</i>");
            break;
        case MD_SPAN_STRONG:
            m_inline += QLatin1String("</b>");
            break;
        case MD_SPAN_DEL:
            m_inline += QLatin1String("</s>");
            break;
        case MD_SPAN_CODE:
            m_inline += QLatin1String("</code>");
            break;
        case MD_SPAN_A:
        case MD_SPAN_IMG:
            closeLink();
            break;
        default:
            break;
        }
    }

    void text(MD_TEXTTYPE type, const QString &text)
    {
        ensureLeaf();
        if (m_leaf.type == BlockType::Code) {
            m_leaf.code += text;
            return;
        }
        switch (type) {
        case MD_TEXT_NULLCHAR:
            m_inline += QChar::ReplacementCharacter;
            break;
        case MD_TEXT_BR:
        case MD_TEXT_SOFTBR: // models break lines where they mean it: verse, addresses
            m_inline += QLatin1String("<br/>");
            break;
        case MD_TEXT_ENTITY:
            m_inline += escaped(entityText(text));
            break;
        default:
            m_inline += escaped(text);
        }
    }

private:
    static QString attribute(const MD_ATTRIBUTE &from)
    {
        QString text;
        if (!from.text)
            return text;
        for (int i = 0; from.substr_offsets[i] < from.size; ++i) {
            const auto begin = from.substr_offsets[i];
            const QString part =
                QString::fromUtf8(from.text + begin, qsizetype(from.substr_offsets[i + 1] - begin));
            if (from.substr_types[i] == MD_TEXT_ENTITY)
                text += entityText(part);
            else if (from.substr_types[i] == MD_TEXT_NORMAL)
                text += part;
        }
        return text;
    }

    void enterItem(const MD_BLOCK_LI_DETAIL &item)
    {
        closeLeaf();
        List &list = m_lists.last();
        static const char16_t bullets[] = {u'\u2022', u'\u25e6', u'\u25aa'};
        m_marker = list.ordered ? QString::number(list.number) + list.delimiter
                                : QString(QChar(bullets[(m_lists.size() - 1) % 3]));
        if (list.ordered && list.number < std::numeric_limits<unsigned>::max())
            ++list.number;
        m_task = !item.is_task      ? TaskState::None
            : item.task_mark == ' ' ? TaskState::Open
                                    : TaskState::Done;
        if (m_task != TaskState::None)
            m_marker.clear();
    }

    int enterCell(const MD_BLOCK_TD_DETAIL &cell, bool header)
    {
        if (header) {
            ++m_leaf.columns;
            m_leaf.alignments.append(cell.align == MD_ALIGN_RIGHT        ? CellAlignment::End
                                         : cell.align == MD_ALIGN_CENTER ? CellAlignment::Center
                                                                         : CellAlignment::Start);
        }
        m_inline.clear();
        return ++m_cells > kMaxCells ? 1 : 0;
    }

    void openLeaf(BlockType type)
    {
        closeLeaf();
        m_leaf = {};
        m_leaf.type = type;
        m_leaf.indent = int(std::min<qsizetype>(m_lists.size(), kMaxDepth));
        m_leaf.quoteDepth = std::min(m_quoteDepth, kMaxDepth);
        m_leaf.marker = std::exchange(m_marker, {});
        m_leaf.task = std::exchange(m_task, TaskState::None);
        m_leaf.tight = !m_lists.isEmpty() && m_lists.last().tight
            && !(m_blocks.isEmpty() || m_blocks.last().indent == 0);
        m_inline.clear();
        m_open = true;
    }

    // In tight lists text comes without a paragraph around it.
    void ensureLeaf()
    {
        if (!m_open)
            openLeaf(BlockType::Paragraph);
    }

    void closeLeaf()
    {
        if (!m_open)
            return;
        m_open = false;
        if (m_leaf.type == BlockType::Code && m_leaf.code.endsWith(QLatin1Char('\n')))
            m_leaf.code.chop(1);
        if (m_leaf.type == BlockType::Paragraph || m_leaf.type == BlockType::Heading)
            m_leaf.html = m_inline;
        m_inline.clear();
        m_links = 0;
        m_openLinks = 0;
        m_blocks.append(std::move(m_leaf));
    }

    // Anchors do not nest: the outer one wins.
    void openLink(const QString &href)
    {
        ++m_links;
        const QString target = m_openLinks == 0 ? offeredLink(href) : QString();
        if (target.isEmpty())
            return;
        m_openLinks = m_links;
        m_inline += QStringLiteral("<a href=\"%1\">").arg(escaped(target));
    }

    void closeLink()
    {
        if (m_openLinks != 0 && m_openLinks == m_links) {
            m_inline += QLatin1String("</a>");
            m_openLinks = 0;
        }
        --m_links;
    }

    QVector<Block> m_blocks;
    Block m_leaf;
    bool m_open = false;
    QString m_inline;
    QVector<List> m_lists;
    QString m_marker;
    TaskState m_task = TaskState::None;
    int m_quoteDepth = 0;
    int m_cells = 0;
    int m_links = 0; // depth of links and pictures
    int m_openLinks = 0; // the depth at which an anchor is open; 0: none
};

} // namespace

QVector<Block> blocksOf(const QString &text)
{
    Builder builder;
    MD_PARSER parser = {};
    parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTML
        | MD_FLAG_PERMISSIVEURLAUTOLINKS;
    parser.enter_block = [](MD_BLOCKTYPE type, void *detail, void *user) {
        return static_cast<Builder *>(user)->enterBlock(type, detail);
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void *, void *user) {
        static_cast<Builder *>(user)->leaveBlock(type);
        return 0;
    };
    parser.enter_span = [](MD_SPANTYPE type, void *detail, void *user) {
        static_cast<Builder *>(user)->enterSpan(type, detail);
        return 0;
    };
    parser.leave_span = [](MD_SPANTYPE type, void *, void *user) {
        static_cast<Builder *>(user)->leaveSpan(type);
        return 0;
    };
    parser.text = [](MD_TEXTTYPE type, const MD_CHAR *from, MD_SIZE size, void *user) {
        static_cast<Builder *>(user)->text(type, QString::fromUtf8(from, qsizetype(size)));
        return 0;
    };

    const QByteArray utf8 = text.toUtf8();
    if (utf8.size() < qsizetype(std::numeric_limits<MD_SIZE>::max())
        && md_parse(utf8.constData(), MD_SIZE(utf8.size()), &parser, &builder) == 0)
        return builder.take();
    Block plain;
    plain.html = plainMarkup(text);
    return {plain};
}

QString plainMarkup(const QString &text)
{
    QString markup = escaped(text);
    markup.replace(QLatin1Char('\t'), QLatin1String("    "));
    // Rich text folds runs of spaces, so every second one of a run is made unbreakable.
    markup.replace(QLatin1String("  "), QStringLiteral(" \u00a0"));
    if (markup.startsWith(QLatin1Char(' ')))
        markup.replace(0, 1, QChar(QChar::Nbsp));
    markup.replace(QLatin1String("\n "), QStringLiteral("\n\u00a0"));
    markup.replace(QLatin1Char('\n'), QLatin1String("<br/>"));
    return markup;
}

} // namespace alcove::markdown
