using Sealer.Kubefiles.Syntax;

namespace Sealer.Kubefiles;

/// <summary>
/// The language in which cluster images are described: Docker's grammar (comments, continuation, the escape directive,
/// heredocs, flags, JSON form, quoting, variables) with sealer's instructions.
/// </summary>
/// <remarks>
/// Variables are replaced where Docker does it and in the words of APP, CNI, CSI, APPENV, KUBEVERSION and LAUNCH; RUN,
/// CMDS, CMD and APPCMDS are text for a shell and stay as they are. Kubefiles of sealer 0.3 to 0.8 (nothing but FROM,
/// COPY, RUN, CMD, ARG) keep two of their habits: <c>ARG a=1,b=2</c> declares two, and a comma followed by a blank
/// separates two commands of a CMD.
/// </remarks>
public static class Kubefile
{
    /// <summary>Reads a Kubefile. Never throws for what is in the text: every mistake becomes a diagnostic.</summary>
    /// <param name="text">The file's text; CRLF and a byte order mark are understood.</param>
    /// <param name="options">Names, arguments and platforms; defaults where null.</param>
    public static KubefileParseResult Parse(string text, KubefileParseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new KubefileParseOptions();
        var diagnostics = new DiagnosticBag(options.FileName);
        var file = new StatementReader(text, diagnostics).Read();
        var binder = new Binder(file, options, diagnostics);
        var instructions = binder.Bind();
        return new KubefileParseResult(instructions, diagnostics.InOrder()) { IsComplete = binder.IsComplete };
    }
}
