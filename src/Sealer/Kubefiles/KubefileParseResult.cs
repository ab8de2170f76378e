using Sealer.Kubefiles.Instructions;

namespace Sealer.Kubefiles;

/// <summary>What a Kubefile says, and every mistake in it.</summary>
/// <param name="Instructions">The instructions that could be read, in order, variables replaced by their values.</param>
/// <param name="Diagnostics">Errors and warnings, in the order of the file.</param>
public sealed record KubefileParseResult(
    IReadOnlyList<KubefileInstruction> Instructions,
    IReadOnlyList<KubefileDiagnostic> Diagnostics)
{
    /// <summary>True where the Kubefile cannot be built.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>
    /// False where a value depends on the environment of the image named by FROM, and that was not known: then paths may be
    /// others once it is.
    /// </summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>The FROM, or null where it is missing or wrong.</summary>
    public FromInstruction? From => Instructions.OfType<FromInstruction>().FirstOrDefault();

    /// <summary>Throws where there are errors.</summary>
    /// <exception cref="SealerException"><c>InvalidKubefile</c>: the message has a line for each error.</exception>
    public void ThrowIfInvalid()
    {
        var errors = Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        if (errors.Count == 0)
            return;
        throw new SealerException(
            "InvalidKubefile",
            ErrorKind.InvalidInput,
            string.Join('\n', errors),
            errors[0].File);
    }
}
