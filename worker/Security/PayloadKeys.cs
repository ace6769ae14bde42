using System.Security.Cryptography;

namespace Nstance.Temporal.Worker.Security;

/// <summary>
/// Keys of payload encryption: one a line, <c>ID BASE64</c> (32 bytes). The first encrypts, all decrypt. To rotate,
/// put a new key on top, and delete the old one when no history that it encrypted is left. Never printed.
/// </summary>
internal sealed class PayloadKeys(string current, IReadOnlyDictionary<string, byte[]> keys)
{
    public const int KeySize = 32;

    /// <summary>Holds the lines themselves, for hosts that keep secrets in the environment.</summary>
    public const string Variable = "NSTANCE_GC_PAYLOAD_KEYS";

    public const string Allowed = "lines of the form ID BASE64, each key 32 bytes (openssl rand -base64 32)";

    /// <summary>Id of the key that encrypts.</summary>
    public string Current => current;

    public byte[]? Find(string id) => keys.GetValueOrDefault(id);

    /// <summary>From the file, else the environment; null: payloads are not encrypted.</summary>
    /// <exception cref="CommandException">Invalid keys; it names the line, never its content.</exception>
    public static PayloadKeys? Load(string? file, Func<string, string?> environment)
    {
        var text = file is null ? environment(Variable) : ReadFile(file);
        if (file is null && string.IsNullOrEmpty(text)) return null;
        var where = file is null ? Variable : $"--payload-key-file {file}";
        return Read(text!, out var faults)
            ?? throw new CommandException(ExitCode.BadInput, faults.ConvertAll(fault => $"{where}: {fault}"));
    }

    private static string ReadFile(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandException.BadInput(
                $"--payload-key-file: \"{file}\" cannot be read: a file with {Allowed}", e);
        }
    }

    /// <summary>Null: the faults say why.</summary>
    internal static PayloadKeys? Read(string text, out List<string> faults)
    {
        faults = [];
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        string? current = null;
        foreach (var (line, number) in text.Split('\n').Select((line, n) => (line.Trim(), n + 1)))
        {
            if (line.Length == 0 || line.StartsWith('#')) continue;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var key = new byte[KeySize + 1];
            if (words.Length != 2 || !IsId(words[0])) faults.Add($"line {number} is not a key; allowed: {Allowed}");
            else if (!Convert.TryFromBase64String(words[1], key, out var length) || length != KeySize)
                faults.Add($"line {number}: key {words[0]} is not {KeySize} bytes in base64");
            else if (!keys.TryAdd(words[0], key[..KeySize])) faults.Add($"line {number}: id {words[0]} is there twice");
            else current ??= words[0];
            CryptographicOperations.ZeroMemory(key);
        }

        if (current is null && faults.Count == 0) faults.Add($"holds no key; allowed: {Allowed}");
        return faults.Count == 0 ? new(current!, keys) : null;
    }

    private static bool IsId(string id) =>
        id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
