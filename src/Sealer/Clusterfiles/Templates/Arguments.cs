namespace Sealer.Clusterfiles.Templates;

/// <summary>The arguments of a call, asked for by the kind that a function needs.</summary>
internal sealed class Arguments(IReadOnlyList<object?> values)
{
    public int Count => values.Count;

    public IReadOnlyList<object?> All => values;

    public object? this[int index] => values[index];

    public string Text(int index) => values[index] as string ?? throw Wrong(index, "text");

    public long Integer(int index) => values[index] switch
    {
        long number => number,
        // Go takes 2.0 written out for a whole number.
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        _ => throw Wrong(index, "a whole number"),
    };

    /// <summary>A length or count that cannot use up the memory.</summary>
    public int Amount(int index, int max)
    {
        var number = Integer(index);
        return number >= 0 && number <= max ? (int)number : throw new FunctionError($"argument {index + 1} must be from 0 to {max}");
    }

    public IReadOnlyList<object?> List(int index) => values[index] as IReadOnlyList<object?> ?? throw Wrong(index, "a list");

    private FunctionError Wrong(int index, string wanted) => new($"argument {index + 1} must be {wanted}, not {GoValues.KindOf(values[index])}");
}
