using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>
/// A page that shows a workflow's summary and details: the Web UI loads it into a frame. It knows the Markdown that
/// details
/// use most (headings, lists, quotes, code, emphasis, links) and shows everything else as text.
/// </summary>
internal static partial class MarkdownPage
{
    private const string Style =
        "body{margin:0;padding:1rem;font-family:sans-serif;overscroll-behavior:none}" +
        "code,pre,blockquote{background:#e8efff;color:#121416;border-radius:.25rem;padding:.125rem .25rem}" +
        "body[data-theme^=light]{background:#fff;color:#121416}" +
        "body[data-theme^=dark]{background:#141414;color:#f8fafc}" +
        "body[data-theme^=dark] a{color:#8098f9}";

    /// <summary>The page and the policy that keeps scripts out of it.</summary>
    public static (string Html, string Policy) Render(string markdown, string theme)
    {
        var nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var html = $"""
            <!DOCTYPE html>
            <html><head><title>Rendered Markdown</title><base target="_blank"><meta charset="utf-8">
            <style nonce="{nonce}">{Style}</style></head>
            <body class="prose" data-theme="{WebUtility.HtmlEncode(theme)}"><main>{Body(markdown)}</main></body></html>
            """;
        return (
            html,
            $"base-uri 'self'; default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'self'; "
            + "form-action 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox;");
    }

    private static string Body(string markdown)
    {
        var html = new StringBuilder();
        var open = "";
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            if (open == "pre")
            {
                if (!line.StartsWith("```", StringComparison.Ordinal))
                    html.Append(WebUtility.HtmlEncode(line)).Append('\n');
                else
                    open = Close(html, open);
                continue;
            }
            var (block, text) = Block(line);
            if (block != open)
            {
                Close(html, open);
                open = block;
                html.Append(block switch { "" => "", "pre" => "<pre><code>", _ => $"<{block}>" });
            }
            if (block is "pre" or "")
                continue;
            html.Append(block is "ul" or "ol" ? $"<li>{Inline(text)}</li>" : Inline(text));
            if (block is "p" or "blockquote")
                html.Append('\n');
            if (block[0] == 'h')
                open = Close(html, open);
        }
        Close(html, open);
        return html.ToString();
    }

    private static string Close(StringBuilder html, string open)
    {
        html.Append(open switch { "" => "", "pre" => "</code></pre>", _ => $"</{open}>" });
        return "";
    }

    private static (string Block, string Text) Block(string line) => line switch
    {
        _ when string.IsNullOrWhiteSpace(line) => ("", ""),
        _ when line.StartsWith("```", StringComparison.Ordinal) => ("pre", ""),
        _ when Heading().Match(line) is { Success: true } found => (
            $"h{found.Groups[1].Length}", found.Groups[2].Value),
        _ when Bullet().Match(line) is { Success: true } found => ("ul", found.Groups[1].Value),
        _ when Number().Match(line) is { Success: true } found => ("ol", found.Groups[1].Value),
        _ when line.StartsWith('>') => ("blockquote", line[1..].Trim()),
        _ => ("p", line),
    };

    private static string Inline(string text)
    {
        var html = WebUtility.HtmlEncode(text);
        html = Code().Replace(html, "<code>$1</code>");
        html = Strong().Replace(html, "<strong>$1</strong>");
        html = Emphasis().Replace(html, "<em>$1</em>");
        return Link().Replace(html, "<a href=\"$2\">$1</a>");
    }

    [GeneratedRegex("^(#{1,6}) +(.*)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\s*[-*+] +(.*)$")]
    private static partial Regex Bullet();

    [GeneratedRegex(@"^\s*\d+\. +(.*)$")]
    private static partial Regex Number();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\*\*([^*]+)\*\*")]
    private static partial Regex Strong();

    [GeneratedRegex(@"\*([^*]+)\*")]
    private static partial Regex Emphasis();

    [GeneratedRegex(@"\[([^\]]+)\]\((https?://[^)\s""']+)\)")]
    private static partial Regex Link();
}
