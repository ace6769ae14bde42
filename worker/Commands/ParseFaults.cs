using System.CommandLine;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>What is wrong with a command line: one clear line for each fault.</summary>
internal static class ParseFaults
{
    public static IReadOnlyList<string> Find(ParseResult parsed)
    {
        var faults = new List<string>();
        var command = parsed.CommandResult.Command;
        var path = CommandPath(parsed);
        var afterUnknownOption = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            if (token.StartsWith('-') && token.Length > 1)
            {
                faults.Add(UnknownOption(token, command, path, parsed));
                afterUnknownOption = !token.Contains('=');
                continue;
            }

            // The word after an unknown option is most likely its value: one fault, not two.
            if (!afterUnknownOption)
            {
                faults.Add(UnknownWord(token, command, path));
                if (command.Subcommands.Count > 0)
                {
                    // What follows belongs to a command that we do not know.
                    break;
                }
            }

            afterUnknownOption = false;
        }

        var unmatched = parsed.UnmatchedTokens.Count;
        foreach (var error in parsed.Errors)
        {
            if (error.Message.StartsWith("Unrecognized command or argument", StringComparison.Ordinal) && unmatched-- > 0)
            {
                continue;
            }

            if (command.Subcommands.Count > 0 && error.Message.StartsWith("Required command", StringComparison.Ordinal))
            {
                if (parsed.UnmatchedTokens.Count == 0)
                {
                    faults.Add($"say what to do: {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}; {path} --help explains");
                }

                continue;
            }

            faults.Add(error.Message.TrimEnd('.'));
        }

        return faults;
    }

    public static string CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(result.Command is RootCommand ? CommandLine.Name : result.Command.Name);
        }

        return string.Join(' ', names);
    }

    private static string UnknownOption(string token, Command command, string path, ParseResult parsed)
    {
        var name = token.Split('=')[0];
        var elsewhere = OwnersOf(parsed.RootCommandResult.Command, CommandLine.Name, name).ToList();
        if (elsewhere.Count > 0)
        {
            return $"{name}: not an option of {path}, but of {string.Join(", ", elsewhere)}";
        }

        var known = command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(option => option.Recursive));
        var hint = DidYouMean.Hint(name, known.Where(option => !option.Hidden).Select(option => option.Name));
        return $"{name}: no such option of {path}" + (hint.Length > 0 ? hint : $"; {path} --help lists them");
    }

    private static string UnknownWord(string token, Command command, string path) =>
        command.Subcommands.Count > 0
            ? $"{token}: no such command of {path}" + Or(DidYouMean.Hint(token, command.Subcommands.Select(sub => sub.Name)), $"; {path} --help lists them")
            : $"{token}: {path} takes options only";

    private static string Or(string hint, string other) => hint.Length > 0 ? hint : other;

    private static IEnumerable<string> OwnersOf(Command command, string path, string option) =>
        (command.Options.Any(o => o.Name == option && !o.Recursive) ? [path] : Array.Empty<string>())
        .Concat(command.Subcommands.SelectMany(sub => OwnersOf(sub, $"{path} {sub.Name}", option)));
}
