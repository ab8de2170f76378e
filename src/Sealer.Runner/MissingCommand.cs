namespace Sealer.Runner;

/// <summary>A command that a script calls and that is not there.</summary>
/// <param name="Name">Its name in PowerShell.</param>
/// <param name="Instead">What the engine offers in its place, or null.</param>
/// <param name="Lines">Where it is called.</param>
internal sealed record MissingCommand(string Name, string? Instead, IReadOnlyList<int> Lines);
