using System.Text;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads <c>passwd</c> and the like, and <c>passwdFrom: { env: NAME }</c> or <c>{ file: PATH }</c>. No message quotes a word of them.</summary>
internal static class SecretReader
{
    private const int MaxFileSize = 64 * 1024;

    public static Secret? Read(Fields fields, string name, ReadContext context)
    {
        var from = fields.Map(name + "From");
        var scalar = fields.Scalar(name, isSecret: true);
        var place = $"{fields.Place}.{name}";
        if (scalar is not null && from is not null)
        {
            context.Error(fields.At(name), $"{place} and {name}From are both here; keep one");
            return null;
        }

        if (from is not null)
            return ReadFrom(from, context, isNeeded: !context.Options.GivenSecrets.Contains(name));
        if (scalar is null)
        {
            if (fields.Has(name) && fields.Value(name) is null)
                context.Warning(fields.At(name), $"{place} is empty; text that begins with # needs quotes");
            return null;
        }

        if (context.Source.At(scalar.Line, scalar.Column) is '!' or '&')
        {
            context.Error(scalar, $"{place} begins with a sign that means something else to YAML (! or &); put it in quotes");
            return null;
        }

        if (scalar.Value.Contains('\0', StringComparison.Ordinal) || scalar.Value.AsSpan().ContainsAny('\r', '\n'))
        {
            context.Error(scalar, $"{place} holds a line break, which no password does; write it on one line, in quotes");
            return null;
        }

        return scalar.Value.Length == 0 ? null : Secret.Of(scalar.Value);
    }

    /// <summary>Reads <c>{ env: NAME }</c> or <c>{ file: PATH }</c>.</summary>
    public static Secret? ReadFrom(Fields from, ReadContext context, bool isNeeded = true)
    {
        isNeeded &= context.Options.ResolveSecrets;
        var variable = from.Scalar("env");
        var file = from.Scalar("file");
        from.Finish();
        if (variable is null == file is null)
        {
            context.Error(from.Node, $"{from.Place} takes either env: NAME or file: PATH");
            return null;
        }

        if (variable is not null)
        {
            var source = new SecretSource(SecretSourceKind.Environment, variable.Value);
            if (!isNeeded)
                return Secret.From(null, source);
            if (context.Options.Variables(variable.Value) is { Length: > 0 } value)
                return Secret.From(value, source);
            if (context.MissingVariables.Add(variable.Value))
                context.Error(variable, $"the variable {Quoting.Quote(variable.Value)}, which holds a secret, is not set here; set it before the file is read");
            return null;
        }

        return isNeeded && context.Options.ReadsFiles
            ? FromFile(file!.Value, reason => context.Error(file, reason), context)
            : Secret.From(null, new SecretSource(SecretSourceKind.File, file!.Value));
    }

    private static Secret? FromFile(string path, Action<string> report, ReadContext context)
    {
        var source = new SecretSource(SecretSourceKind.File, path);
        try
        {
            var full = Path.GetFullPath(path, Path.GetFullPath(context.Options.BaseFolder ?? "."));
            using var stream = File.OpenRead(full);
            var bytes = new byte[MaxFileSize + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxFileSize)
            {
                report($"the file {Quoting.Quote(path)} has more than {MaxFileSize / 1024} KiB, so it holds no secret");
                return null;
            }

            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimStart('\uFEFF');
            if (text.EndsWith('\n'))
                text = text[..^1].TrimEnd('\r');
            if (text.Length > 0)
                return Secret.From(text, source);
            report($"the file {Quoting.Quote(path)} is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            report(e is DecoderFallbackException
                ? $"the file {Quoting.Quote(path)} is not UTF-8 text"
                : $"the file {Quoting.Quote(path)} cannot be read ({e.GetType().Name}); name one that is there");
        }

        return null;
    }
}
