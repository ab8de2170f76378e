namespace Sealer.Clusterfiles.Writing;

/// <summary>A value of a YAML file that is written again as it stood there: <c>0644</c>, <c>yes</c>, <c>1.10</c>.</summary>
internal sealed record PlainScalar(string Text);
