using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using MimeKit.Text;
using HtmlParser = AngleSharp.Html.Parser.HtmlParser;

namespace Relay.Http;

/// <summary>
/// Whether HTML is nested too deeply. Sanitizing and writing it call themselves once more for each level, and a stack that overflows ends the whole process,
/// relay and all; rewriting it takes the square of the depth.
/// </summary>
internal static class HtmlNesting
{
    private const int Deepest = 500;

    // Elements that are never closed count as nested here.
    private const int MostOpen = 5_000;

    /// <summary>Whether HTML cannot be sanitized. Itself it is looked at without recursion.</summary>
    internal static bool IsTooDeep(string html)
    {
        if (HasManyOpen(html))
        {
            return true;
        }

        using IHtmlDocument document = new HtmlParser().ParseDocument(html);
        int depth = 0;
        INode? node = document;
        while (node is not null)
        {
            if (node.FirstChild is { } child)
            {
                node = child;
                if (++depth > Deepest)
                {
                    return true;
                }

                continue;
            }

            while (node is not null && node.NextSibling is null)
            {
                node = node.Parent;
                depth--;
            }

            node = node?.NextSibling;
        }

        return false;
    }

    /// <summary>Whether more elements are open at once than a mail has.</summary>
    internal static bool HasManyOpen(string html)
    {
        var tokenizer = new HtmlTokenizer(new StringReader(html));
        int open = 0;
        while (open <= MostOpen && tokenizer.ReadNextToken(out HtmlToken? token))
        {
            if (token is HtmlTagToken tag)
            {
                open = tag.IsEndTag ? Math.Max(0, open - 1) : open + (IsVoid(tag.Id) ? 0 : 1);
            }
        }

        return open > MostOpen;
    }

    private static bool IsVoid(HtmlTagId id) =>
        id is HtmlTagId.Area or HtmlTagId.Base or HtmlTagId.Br or HtmlTagId.Col or HtmlTagId.HR or HtmlTagId.Image or HtmlTagId.Input or HtmlTagId.Link or HtmlTagId.Meta;
}
