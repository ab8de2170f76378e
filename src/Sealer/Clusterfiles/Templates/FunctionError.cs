namespace Sealer.Clusterfiles.Templates;

/// <summary>What a function says of its arguments; its caller adds the function's name and the place.</summary>
internal sealed class FunctionError(string message) : Exception(message);
