namespace Sealer.Hosts;

/// <summary>A line that a command on a host wrote, harmless to print.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Text">Without its end; control characters and commands to agents are broken, secrets taken out.</param>
/// <param name="IsError">Written to standard error.</param>
public sealed record HostOutputLine(string Host, string Text, bool IsError);
