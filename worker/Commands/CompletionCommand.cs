namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc completion</c>: a script for the shell, which asks the program itself what fits.</summary>
internal static class CompletionCommand
{
    private const string Help = """
        Print the script that makes a shell complete commands and options.
          source <(nstance-gc completion bash)
          nstance-gc completion zsh > "${fpath[1]}/_nstance-gc"
          nstance-gc completion fish > ~/.config/fish/completions/nstance-gc.fish
        """;

    private const string Bash = """
        _nstance_gc() {
            local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}"
            local rest="${line#* }"
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#rest}]" "$rest" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _nstance_gc nstance-gc
        """;

    private const string Zsh = """
        #compdef nstance-gc
        _nstance-gc() {
            local rest="${LBUFFER#* }"
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${#rest}]" "$rest" 2>/dev/null)}")
            compadd -- $found
        }
        compdef _nstance-gc nstance-gc
        """;

    private const string Fish = """
        function __nstance_gc
            set -l rest (commandline -cp | string replace -r '^\S+\s*' '')
            nstance-gc "[suggest:"(string length -- "$rest")"]" "$rest" 2>/dev/null
        end
        complete -c nstance-gc -a '(__nstance_gc)'
        """;

    public static Command Make(CommandLine line)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        return line.Make("completion", Help, [shell], invocation =>
        {
            var name = invocation.Get(shell);
            var script = name switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                "fish" => Fish,
                _ => throw CommandException.BadInput($"completion: \"{name}\" is not known: bash, zsh or fish"),
            };
            invocation.Write(new { shell = name, script }, screen => screen.Output.WriteLine(script));
            return Task.CompletedTask;
        });
    }
}
