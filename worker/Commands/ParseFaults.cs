using System.CommandLine.Parsing;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>What is wrong with a command line: one clear line for each fault.</summary>
internal static class ParseFaults
{
    public static IReadOnlyList<string> Find(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var isGroup = command.Subcommands.Count > 0;
        var path = PathOf(parsed.CommandResult);
        var faults = Unmatched(parsed, command, path).ToList();

        // These two kinds of error repeat what the tokens say, in other words.
        var errors = parsed.Errors.Select(error => error.Message.TrimEnd('.'))
            .Where(error => !error.StartsWith("Unrecognized command or argument", StringComparison.Ordinal))
            .ToLookup(error => isGroup && error.StartsWith("Required command", StringComparison.Ordinal));
        if (errors[true].Any() && parsed.UnmatchedTokens.Count == 0)
        {
            var commands = string.Join(", ", command.Subcommands.Select(sub => sub.Name));
            faults.Add($"say what to do: {commands}; {path} --help explains");
        }

        return [.. faults, .. errors[false]];
    }

    private static IEnumerable<string> Unmatched(ParseResult parsed, Command command, string path)
    {
        var isValue = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            if (token.StartsWith('-') && token.Length > 1)
            {
                yield return UnknownOption(token.Split('=')[0], command, path, parsed.RootCommandResult.Command);

                // The next word is most likely the value of this option: one fault, not two.
                isValue = !token.Contains('=');
                continue;
            }

            if (!isValue)
            {
                yield return UnknownWord(token, command, path);

                // What follows belongs to the unknown command.
                if (command.Subcommands.Count > 0) yield break;
            }

            isValue = false;
        }
    }

    private static string PathOf(CommandResult? result) => result switch
    {
        null => "",
        { Command: RootCommand } => CommandLine.Name,
        _ => $"{PathOf(result.Parent as CommandResult)} {result.Command.Name}",
    };

    private static string UnknownOption(string name, Command command, string path, Command root)
    {
        var elsewhere = OwnersOf(root, CommandLine.Name, name).ToList();
        if (elsewhere.Count > 0) return $"{name}: not an option of {path}, but of {string.Join(", ", elsewhere)}";
        var known = command.Options.Concat(root.Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden)
            .Select(option => option.Name);
        return $"{name}: no such option of {path}{Hint(name, known, path)}";
    }

    private static string UnknownWord(string token, Command command, string path) => command.Subcommands.Count > 0
        ? $"{token}: no such command of {path}{Hint(token, command.Subcommands.Select(sub => sub.Name), path)}"
        : $"{token}: {path} takes options only";

    private static string Hint(string word, IEnumerable<string> known, string path) =>
        DidYouMean.Hint(word, known) is { Length: > 0 } hint ? hint : $"; {path} --help lists them";

    private static IEnumerable<string> OwnersOf(Command command, string path, string option)
    {
        IEnumerable<string> own = command.Options.Any(o => o.Name == option && !o.Recursive) ? [path] : [];
        return own.Concat(command.Subcommands.SelectMany(sub => OwnersOf(sub, $"{path} {sub.Name}", option)));
    }
}
